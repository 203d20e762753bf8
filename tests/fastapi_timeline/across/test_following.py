"""Hooks in a process: they take notes, and change nothing."""

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fastapi_timeline.across import environment, following
from fastapi_timeline.across.following import Follower, between
from fastapi_timeline.across.journal import Journal

ROOT = Path(__file__).parents[3]


def lines(folder: Path) -> list[dict[str, Any]]:
    """Read what all processes wrote."""
    texts = [file.read_text("utf-8") for file in folder.glob("*.jsonl")]
    return [json.loads(x) for text in texts for x in text.splitlines()]


def python(code: str, folder: Path, path: str = "") -> tuple[str, str]:
    """Run code in a Python that follows tasks; give what it printed."""
    variables = environment(folder)
    paths = [variables["PYTHONPATH"], path]
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr.strip()


def broken(*_: object, **__: object) -> None:
    """Fail, as a part of the recorder must not."""
    raise AssertionError


def test_what_fails_in_a_hook_never_reaches_the_task() -> None:
    """The method is called once, with its arguments, and gives its result."""
    calls = []

    def publish(number: int, *, name: str) -> str:
        calls.append(number)
        return name

    assert between(publish, broken, broken)(7, name="Ada") == "Ada"
    assert calls == [7]


def test_an_exception_is_the_methods_own() -> None:
    """It is handed on as it is, from `def` and from `async def`."""

    def fail() -> None:
        raise KeyError("own")

    async def afail() -> None:
        fail()

    with pytest.raises(KeyError, match="own"):
        between(fail, broken, broken)()
    with pytest.raises(KeyError, match="own"):
        asyncio.run(between(afail, broken, broken)())


def test_at_the_end_each_method_is_the_one_that_it_was(
    tmp_path: Path,
) -> None:
    """Unless somebody else has put another in its place."""

    class Queue:
        def one(self) -> None:
            """Be replaced."""

        def two(self) -> None:
            """Be replaced twice."""

    follower, one = Follower(tmp_path), Queue.one
    follower.wrap(Queue, "one", broken, broken)
    follower.wrap(Queue, "two", broken, broken)
    assert Queue.one is not one
    Queue.two = other = lambda _: None  # type: ignore[method-assign]
    for undo in follower.undo:
        undo()
    assert (Queue.one, Queue.two) == (one, other)


def test_a_folder_that_cannot_be_written_costs_the_picture_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says so."""
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file")
    journal.write(1, "published")
    journal.write(2, "began")
    assert capsys.readouterr().err.count("no task of this process") == 1


def test_threads_that_begin_at_once_lose_no_line(tmp_path: Path) -> None:
    """Each may be the first: none writes to a file that is not open yet."""
    for number in range(20):
        folder = tmp_path / str(number)
        journal = Journal(folder)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(partial(journal.write, what="began"), range(16)))
        found = lines(folder)
        began = sorted(x["at"] for x in found if x["what"] == "began")
        assert began == list(range(16))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has none")
def test_a_forked_worker_writes_a_file_of_its_own(tmp_path: Path) -> None:
    """Its number is another, and so may be its end."""
    journal = Journal(tmp_path)
    journal.write(1, "parent")
    child = os.fork()
    if not child:
        journal.write(2, "child")
        os._exit(0)
    os.waitpid(child, 0)
    found = {line["pid"] for line in lines(tmp_path) if "pid" in line}
    assert found == {os.getpid(), child}


def test_no_engine_is_imported_for_it(tmp_path: Path) -> None:
    """A Python that starts with it has the standard library only."""
    code = (
        "import sys; print(*sorted({'celery', 'rq', 'taskiq', 'dbos',"
        " 'procrastinate', 'sqlalchemy', 'fastapi', 'starlette', 'rich'}"
        " & sys.modules.keys()))"
    )
    assert python(code, tmp_path) == ("", "")
    assert not lines(tmp_path)


def test_an_environments_own_start_still_runs(tmp_path: Path) -> None:
    """It may have a `sitecustomize`, which ours hides."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.own = 'here'")
    code = "import sys, sitecustomize; print(sys.own, sitecustomize.__file__)"
    said, errors = python(code, tmp_path / "seen", str(tmp_path))
    assert (said, errors) == (f"here {tmp_path}/sitecustomize.py", "")


def test_modules_keep_their_own_loaders(tmp_path: Path) -> None:
    """Who looks at an engine's module finds what Python has put there."""
    pytest.importorskip("rq")
    code = (
        "import rq.queue as q, importlib.machinery as m;"
        "print(type(q.__loader__) is type(q.__spec__.loader)"
        " is m.SourceFileLoader)"
    )
    assert python(code, tmp_path)[0] == "True"


def test_a_process_that_follows_nothing_is_as_it_was(tmp_path: Path) -> None:
    """After the block, no finder of ours is left."""
    before = list(sys.meta_path)
    with following(tmp_path):
        assert len(sys.meta_path) == len(before) + 1
    assert sys.meta_path == before
