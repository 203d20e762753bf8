"""Real saves, as editors do them, and real keys on a real terminal."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course.grader.desk import keys
from course.grader.desk.events import Events, Saved, saves
from tests.course.grader.desk.conftest import NAMES, Learner

FIRST, SECOND = map(Saved, NAMES)
RUN = """
import sys
from pathlib import Path
from course.grader.desk.__main__ import main
from course.grader.desk.place import Desk
root = Path(sys.argv[1])
sys.exit(main(["watch"], Desk(root, root / "stubs")))
"""


@pytest.fixture(params=["watchfiles", "by hand"])
def watching(
    learner: Learner,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Events]:
    """Watch the exercises, by watchfiles and, as if it was not there, not."""
    if request.param == "by hand":
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    found = Events()
    with saves(learner.desk.suites(), found):
        yield found


def test_a_save_is_told_however_an_editor_does_it(
    learner: Learner, watching: Events
) -> None:
    """In place, by a rename, in parts, and after the file had gone."""
    happened = iter(watching)
    file = learner.answer()
    learner.write("in place")
    assert next(happened) == FIRST
    beside = file.with_suffix(".new")
    beside.write_text("renamed", "utf-8")
    beside.replace(file)
    assert next(happened) == FIRST
    file.rename(file.with_suffix(".py~"))
    assert next(happened) == FIRST
    learner.write("there again")
    assert next(happened) == FIRST
    learner.write("another", 2)
    assert next(happened) == SECOND
    assert not watching.pressing()


def test_what_changes_nothing_is_not_told(
    learner: Learner, watching: Events
) -> None:
    """A swap file, a mode, another file: the next save is the first."""
    happened = iter(watching)
    (learner.desk.exercises / ".ex01_polite.py.swp").write_text("x", "utf-8")
    (learner.desk.exercises / "notes.py").write_text("x", "utf-8")
    learner.answer().chmod(0o600)
    learner.write("another", 2)
    assert next(happened) == SECOND


def test_many_saves_that_wait_are_one() -> None:
    """Only the last text counts; keys are as many as were pressed."""
    found = Events()
    for event in (FIRST, FIRST, SECOND, FIRST):
        found.put(event)
    assert found.pressing()
    happened = iter(found)
    assert [next(happened) for _ in range(2)] == [FIRST, SECOND]
    found.put("h")
    assert not found.pressing()
    found.put("q")
    assert found.pressing()


def test_a_folder_that_cannot_be_watched_is_looked_at(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may know no more watches: it is slower, no worse."""
    watchfiles = pytest.importorskip("watchfiles")

    def refuse(*_: object, **__: object) -> Iterator[object]:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    found = Events()
    with saves(learner.desk.suites(), found):
        learner.write("now")
        assert next(iter(found)) == FIRST


def test_without_a_terminal_there_are_no_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it is a file, closed, or none at all."""
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert not keys.there()
    assert not keys.there()  # closed
    monkeypatch.setattr(sys, "stdin", None)
    assert not keys.there()
