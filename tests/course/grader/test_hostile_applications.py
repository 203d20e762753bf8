"""An application that misbehaves under the course's own checks."""

import secrets
import sys
from pathlib import Path

import pytest

from course.grader.exercises import Suite, find
from course.grader.grading import Grader
from course.grader.result import Check, Exercise
from course.grader.worker_process import How
from tests.course.grader.conftest import running

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="forks are used on Linux only"
)
ROOT = Path(__file__).parents[3]
(SUITE,) = (
    suite
    for suite in find(ROOT / "checks", ROOT / "solutions")
    if suite.name.startswith("ex01")
)
ADDS = "tasks.add_task(send_welcome, email)"
MARK = f"left-{secrets.token_hex(8)}"

# what stands where the task is added -> what is said, and of which check
COMES_FIRST = "test_the_response_comes_before_the_work"
IN_THE_APPLICATION = {
    "an endless endpoint": (
        "while True: pass",
        "was not answered within 5 s",
        "It stands at ex01_background_task.py:",
    ),
    "an endpoint that waits for nothing": (
        "import asyncio; await asyncio.Event().wait()",
        "was not answered within 5 s",
        "It stands at ex01_background_task.py:",
    ),
    "an endless task": (
        "tasks.add_task(lambda: [None for _ in iter(int, 1)])",
        "which task does not end?",
        "It stands at ex01_background_task.py:",
    ),
    "a task that ends the process": (
        "import os; tasks.add_task(os._exit, 0)",
        "ended the whole process",
        "",
    ),
    "a task that leaves a thread": (
        (
            f"{ADDS}; import threading, time;"
            " threading.Thread(target=time.sleep, args=[9], daemon=False).start()"
        ),
        "It left a thread",
        "",
    ),
    "a task that leaves a process of its own session": (
        (
            f"{ADDS}; import subprocess, sys; subprocess.Popen([sys.executable,"
            f" '-c', 'import time; time.sleep(99)', '{MARK}'],"
            " start_new_session=True)"
        ),
        "It left a process",
        "",
    ),
}
# what stands at the top -> what is said of the first check
AT_THE_TOP = {
    "an endless destructor": (
        (
            "class Stays:\n"
            "    def __del__(self):\n"
            "        while True: pass\n"
            "Stays()\n"
        ),
        "did not end within",
    ),
    "a flood in the log": (
        (
            "import logging\nlogging.basicConfig()\n"
            "for _ in range(100_000): logging.error('x' * 100)\n"
        ),
        "printed more than 1 MB",
    ),
    "a pytest that never fails": (
        (
            "import pytest\n"
            "pytest.fail = pytest.raises = pytest.Item.runtest = lambda *a: None\n"
            "pytest.TestReport.from_item_and_call = None\n"
        ),
        "broke off its check",
    ),
    "a pytest that breaks": (
        (
            "import _pytest.runner\n"
            "_pytest.runner.check_interactive_exception = lambda *a: 1 / 0\n"
        ),
        "broke off its check",
    ),
    "closed pipes": (
        "import os\nos.closerange(3, 200)\n",
        "ended the whole process",
    ),
    "a memory hog": (
        "kept = bytearray(1 << 33)\n",
        "MemoryError",
    ),
}


def written(folder: Path, text: str) -> Suite:
    """Write an answer into a folder of its own."""
    folder.mkdir()
    file = folder / SUITE.answer.name
    file.write_text(text, "utf-8")
    return Suite(SUITE.name, SUITE.checks, file)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exercise]:
    """Grade all of them in one go, an ordinary answer last."""
    solution = SUITE.answer.read_text("utf-8")
    texts = {
        name: solution.replace(ADDS, does)
        for name, (does, _, _) in IN_THE_APPLICATION.items()
    }
    texts |= {
        name: f"{top}\n{solution}" for name, (top, _) in AT_THE_TOP.items()
    }
    texts["an ordinary answer"] = solution
    folder = tmp_path_factory.mktemp("hostile")
    suites = [written(folder / name, text) for name, text in texts.items()]
    # the machine is never blamed: it may be busy, and no answer here is slow
    with Grader([SUITE], How(fork=True, at_once=2, starved=1)) as grader:
        exercises = grader.grade(suites).exercises
    return dict(zip(texts, exercises, strict=True))


def first(exercise: Exercise) -> Check:
    """Give the check that all others begin with."""
    (check,) = (e for e in exercise.checks if e.name == COMES_FIRST)
    return check


@pytest.mark.parametrize("name", IN_THE_APPLICATION)
def test_an_application_is_told_what_it_does(
    graded: dict[str, Exercise], name: str
) -> None:
    """And where it stands, if it does not go on."""
    _, said, place = IN_THE_APPLICATION[name]
    check = first(graded[name])
    assert check.state == "wrong"
    assert said in check.message
    assert place in check.message


@pytest.mark.parametrize("name", AT_THE_TOP)
def test_what_an_answer_does_to_python_is_its_own_loss(
    graded: dict[str, Exercise], name: str
) -> None:
    """It gets no point for what could not be checked."""
    said = AT_THE_TOP[name][1]
    check = first(graded[name])
    assert check.points == 0
    assert said in f"{check.message} {check.got}"
    assert check.fault in {"", "the answer"}


def test_an_ordinary_answer_beside_them_is_right(
    graded: dict[str, Exercise],
) -> None:
    """Whatever the others did."""
    assert graded["an ordinary answer"].state == "right"


@pytest.mark.usefixtures("graded")
def test_nothing_of_them_is_left_running() -> None:
    """No process, whatever session it had."""
    assert not running(MARK)
