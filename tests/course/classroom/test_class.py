"""A class in a known mix gets exactly the expected gradebook."""

import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from course.workers import until
from tests.course.classroom.conftest import Classroom, needs_bwrap
from tests.course.classroom.made import GRADEBOOK, answer, make_class
from tests.servers import ROOT

pytestmark = [
    needs_bwrap,
    pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's own"),
    pytest.mark.timeout(600),  # on a machine that others use
]


def results(out: Path) -> dict[str, int]:
    """Return the results that are kept, and when each was written."""
    return {
        path.name: path.stat().st_mtime_ns
        for path in out.glob("graded/*.json")
    }


def files(out: Path) -> dict[str, bytes]:
    """Return all that was written."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_killed_three_times_it_goes_on(classroom: Classroom) -> None:
    """What was graded is not graded again, and no byte differs at the end."""
    submissions = make_class(classroom.folder)
    out = classroom.folder / "grades"
    for count in (1, 3, 5):
        running = classroom.start(str(submissions))
        until(lambda count=count: len(results(out)) >= count)  # type: ignore[misc]
        running.kill()
        running.communicate()
        until(lambda: not classroom.left_running(), 20)
        kept = results(out)
    code, said = classroom.type(str(submissions))
    assert code == 0, said
    assert (out / "gradebook.csv").read_text() == GRADEBOOK
    assert all(path.is_file() for path in (out / "graded").iterdir())
    assert {path.name for path in classroom.folder.iterdir()} == {
        *("data", "grades", "made", "submissions")
    }
    now = results(out)
    assert {name: now.get(name) for name in kept} == kept
    before = files(out)
    code, said = classroom.type(str(submissions), "--at-once=1")
    assert (code, files(out)) == (0, before)
    elsewhere = classroom.folder / "elsewhere"
    classroom.type(str(submissions), f"--out={elsewhere}")
    assert files(elsewhere) == before
    code, said = classroom.type(str(submissions), "--anonymous")
    pages = [path.read_text() for path in out.rglob("*.html")]
    for name in ("Ada Lovelace", "bob", "lovelaceb", "my answer", "17"):
        assert not [page for page in pages if f">{name}" in page]
    assert sum("<h1><bdi>Student 0" in page for page in pages) == 6
    assert (
        "Ada Lovelace,17,,5,5,5,15,15,Student 0"
        in (out / "gradebook.csv").read_text()
    )
    assert not classroom.left_running()


def test_only_what_has_changed_is_graded_again(classroom: Classroom) -> None:
    """A new answer or a changed check is; a new name is not."""
    for name in ("ada", "bob"):
        folder = classroom.folder / "class" / name
        folder.mkdir(parents=True)
        (folder / "ex01_hello.py").write_text(answer(1, f"'{name}'"))
    out = classroom.folder / "grades"
    classroom.type("class", "--exercises", "1")
    before = results(out)
    (folder / "ex01_hello.py").write_text(answer(1, "return 'ho'"))
    (classroom.folder / "class" / "ada").rename(folder.with_name("zoe"))
    classroom.type("class", "--exercises", "1")
    after = results(out)
    assert len(before.items() & after.items()) == 2
    assert len(after) == 3
    assert not [*out.glob("students/ada-*")]
    book = (out / "gradebook.csv").read_text()
    assert "bob,,,3,3,5,bob," in book
    assert "zoe,,,5,5,5,zoe," in book


def test_ctrl_c_says_how_to_go_on(classroom: Classroom) -> None:
    """It ends at once, and nothing is left running."""
    submissions = make_class(classroom.folder)
    running = classroom.start(str(submissions))
    until(lambda: results(classroom.folder / "grades"))
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Stopped: the same command goes on." in errors
    assert not classroom.left_running()


def test_workers_of_celery_give_the_same(classroom: Classroom) -> None:
    """Although the first that has something to do is killed."""
    submissions = make_class(classroom.folder)
    running = classroom.start(str(submissions), "--engine=celery")
    graded = classroom.folder / "grades" / "graded"
    log = graded / "worker.log"
    until(lambda: log.exists() and "received" in log.read_text())
    worker, *_ = [  # a fork of it has the same words for a moment
        each
        for each in psutil.Process(running.pid).children()
        if "--engine=worker" in each.cmdline()
    ]
    worker.kill()
    _, errors = running.communicate()
    assert running.returncode == 0, errors
    book = (graded.parent / "gradebook.csv").read_text()
    assert book == GRADEBOOK
    assert not classroom.left_running()


def test_workers_that_can_never_start_are_told(
    classroom: Classroom,
) -> None:
    """Their log says why; nothing is tried for ever."""
    submissions = make_class(classroom.folder)
    ends = "'--engine=worker' in sys.orig_argv and os._exit(1)"
    shadow = classroom.folder / "shadow"
    shadow.mkdir()
    (shadow / "sitecustomize.py").write_text(f"import os, sys\n{ends}\n")
    code, said = classroom.type(
        str(submissions),
        "--engine=celery",
        PYTHONPATH=f"{shadow}{os.pathsep}{ROOT}",
    )
    assert code == 2
    assert "The workers end again and again" in said
    assert not classroom.left_running()


def test_a_changed_course_is_no_grading(classroom: Classroom) -> None:
    """It is said, with exit code 3, and nothing is reported."""
    folder = classroom.folder / "class" / "ada"
    folder.mkdir(parents=True)
    check = classroom.checks / "test_ex02_bye.py"
    words = ["sh", "-c", f"echo '# easy' >> {check}"]
    evil = f"__import__('subprocess').run({words})"
    (folder / "ex01_hello.py").write_text(answer(1, evil))
    code, said = classroom.type("class", "--trust-answers")
    assert code == 3
    assert "were changed during the grading" in said
    assert not (classroom.folder / "grades" / "gradebook.csv").exists()


def test_without_a_sandbox_it_stops(classroom: Classroom) -> None:
    """It names what can be used instead."""
    (classroom.folder / "class").mkdir()
    (classroom.folder / "class" / "ex01_hello.py").write_text(answer(1))
    code, said = classroom.type("class", PATH="/nowhere")
    assert code == 2
    for words in ("no bubblewrap", "--trust-answers", "docker run"):
        assert words in said
    code, said = classroom.type("class", "--trust-answers")
    assert code == 0
    told = json.loads((classroom.folder / "grades/grades.json").read_bytes())
    assert told[0]["student"] == "class"
    assert (told[0]["points"], told[0]["of"]) == (5, 15)
