"""What the machine does is never an answer's fault."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from course.grader.exercises import Suite, find
from course.grader.grading import Grader
from course.grader.result import Check, PlannedCheck
from course.grader.verdict import at_last, judge, shaky
from course.grader.worker_process import How
from tests.course.grader.conftest import ROOT, MadeCourse
from tests.course.grader.made import RIGHT, USES

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="forks are used on Linux only"
)
PLANNED = PlannedCheck("id", "ex01_x", "test_a", 2)
LATE = {"status": -9, "cut": "late", "seconds": 10.0}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this process a temporary folder of its own."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def suites(course: MadeCourse) -> list[Suite]:
    """Find them."""
    return find(course.folder / "checks", course.folder / "exercises")


@pytest.mark.usefixtures("temporary")
def test_a_temporary_folder_that_has_gone_is_made_again(
    fresh: MadeCourse, temporary: Path
) -> None:
    """After a cleaning, too, the next save has its verdict."""
    fresh.add("ex01_right", RIGHT)
    with Grader(suites(fresh), How(fork=True)) as grader:
        for _ in range(2):
            (exercise,) = grader.grade(suites(fresh)).exercises
            assert exercise.state == "right", exercise.checks
            for folder in temporary.iterdir():
                shutil.rmtree(folder)
    assert list(temporary.iterdir()) == []


def test_a_check_whose_folder_was_removed_is_run_again(
    fresh: MadeCourse, temporary: Path
) -> None:
    """Another answer may have done it."""
    sign = fresh.folder / "sign"
    body = (
        f"import shutil; first = not os.path.exists({str(sign)!r});"
        f" open({str(sign)!r}, 'w').close();"
        " first and shutil.rmtree(os.path.dirname(os.path.dirname("
        "os.getcwd()))); open('mine', 'w').close(); return 'hello'"
    )
    fresh.add("ex01_x", USES.format(mark="", body=body))
    with Grader(suites(fresh), How(fork=True)) as grader:
        (exercise,) = grader.grade(suites(fresh)).exercises
    assert exercise.state == "right", exercise.checks


def test_no_room_at_all_is_the_machines_fault(
    fresh: MadeCourse, temporary: Path
) -> None:
    """It is tried twice, and then said."""
    fresh.add("ex01_right", RIGHT)
    temporary.rmdir()
    (exercise,) = Grader([], How(fork=True)).grade(suites(fresh)).exercises
    assert {each.fault for each in exercise.checks} == {"this machine"}
    assert "No such file or directory" in exercise.checks[0].message


def test_a_worker_that_was_killed_is_replaced(
    fresh: MadeCourse, temporary: Path
) -> None:
    """Its check is run again."""
    sign = fresh.folder / "sign"
    body = (
        f"first = not os.path.exists({str(sign)!r});"
        f" open({str(sign)!r}, 'w').close();"
        " first and (os.kill(os.getppid(), signal.SIGKILL), time.sleep(60));"
        " return 'hello'"
    )
    fresh.add("ex01_x", USES.format(mark="", body=body))
    with Grader(suites(fresh), How(fork=True)) as grader:
        (exercise,) = grader.grade(suites(fresh)).exercises
    assert exercise.state == "right", exercise.checks
    assert list(temporary.iterdir()) == []


def test_a_busy_machine_is_said_after_a_second_try() -> None:
    """A check that waits for a processor most of the time proves nothing."""
    starved = {"status": 0, "seconds": 10.0, "starved": 8.0, "phases": []}
    check = judge(PLANNED, starved, Path("/answers"), 10)
    assert shaky(check, starved, 0.25)
    check = at_last(check, starved, 0.25)
    assert (check.state, check.fault) == ("not run", "this machine")
    assert "This machine is too busy to check it" in check.message
    cut = {**LATE, "cut": "busy"}
    assert shaky(judge(PLANNED, cut, Path("/answers"), 10), cut, 0.25)


def test_a_check_that_had_its_time_is_late_by_itself() -> None:
    """It is the answer that does not end."""
    alone = {**LATE, "starved": 8.0}  # its clock stood meanwhile
    check = judge(PLANNED, alone, Path("/answers"), 10)
    assert not shaky(check, alone, 0.25)
    assert at_last(check, alone, 0.25).message == "It did not end within 10 s."


@pytest.mark.parametrize(
    "said",
    [
        {"phases": ["passed"] * 3, "check": {"name": 3}},
        {"phases": ["passed"] * 2},
        {"phases": "passed", "check": None},
        {"check": "right"},
        {"check": {"name": "test_a", "state": "right"}, "phases": []},
        {},
    ],
)
def test_what_cannot_be_read_is_no_point(said: dict[str, object]) -> None:
    """Whatever a process sends."""
    check = judge(PLANNED, {"status": 0, **said}, Path("/answers"), 10)
    assert (check.state, check.points) == ("wrong", 0)
    assert check.max_points == 2
    assert check.name == "test_a"


def test_a_state_is_never_taken_from_the_process_that_ran_it() -> None:
    """Nor are points."""
    own = Check("test_b", "right", 99)
    said = {"status": 0, "phases": [], "check": {"name": own.name}}
    said["check"] = {"name": "x", "state": "right", "max_points": 99}
    check = judge(PLANNED, said, Path("/answers"), 10)
    assert (check.name, check.state, check.max_points) == (
        "test_a",
        "wrong",
        2,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_leaves_nothing_behind(
    fresh: MadeCourse, tmp_path: Path, number: signal.Signals
) -> None:
    """No process, no folder, no half a result."""
    temporary, sign = tmp_path / "its", tmp_path / "begun"
    temporary.mkdir()
    os.mkfifo(sign)
    body = f"open({str(sign)!r}, 'w').close(); time.sleep(60)"
    fresh.add("ex01_sleeps", USES.format(mark="", body=body))
    with subprocess.Popen(
        [sys.executable, "-m", "course.grader", "--json=r.json"],
        cwd=fresh.folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(temporary),
        },
    ) as process:
        assert sign.read_bytes() == b""  # it has begun
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    assert list(temporary.iterdir()) == []
    assert not (fresh.folder / "r.json").exists()


def test_the_worker_of_a_grader_that_was_killed_leaves_nothing(
    fresh: MadeCourse, tmp_path: Path
) -> None:
    """It ends what runs, and removes its folder."""
    temporary, sign = tmp_path / "its", tmp_path / "begun"
    temporary.mkdir()
    os.mkfifo(sign)
    body = f"open({str(sign)!r}, 'w').close(); time.sleep(60)"
    fresh.add("ex01_sleeps", USES.format(mark="", body=body))
    with subprocess.Popen(
        [sys.executable, "-m", "course.grader"],
        cwd=fresh.folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(temporary),
        },
    ) as process:
        assert sign.read_bytes() == b""
        process.kill()
    until = time.monotonic() + 30
    while list(temporary.iterdir()):
        assert time.monotonic() < until, "its folder is still there"
        time.sleep(0.05)
