"""The command as it is typed: choice, results, exit codes, Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course.grader.command_line import main
from tests.course.grader.conftest import ROOT, MadeCourse, read_grade
from tests.course.grader.made import CHECKS, CONFTEST, RIGHT

WRONG = RIGHT.replace('return "hello"', 'print("here")\n    return "hullo"')
REPORT = """\
ex02 · Say what is polite           1 of 3 checks · 3 of 5.5 points

✗ not yet: says hello                                                  0 of 2
    goal       It greets.
    did        POST /hello
    expected   answer.hello() == 'hello'
    got        'hullo'
    order      response sent → task began → ValueError
    why        A person who is greeted stays.
    printed
    | here
✓ says bye
– 1 check waits for the one above

Edit exercises/ex02_wrong.py, then: python3 start.py watch 2
Its traceback: python3 start.py grade 2 --traceback
"""


def test_no_folder_of_a_check_is_left(
    fresh: MadeCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a check writes to tmp_path is gone when it is graded."""
    temporary = fresh.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    checks = """\
import tempfile
from pathlib import Path


def test_writes(answer, tmp_path):
    (tmp_path / "written").write_text("here")
    assert Path(tempfile.gettempdir()) in tmp_path.parents
"""
    fresh.add("ex01_writes", RIGHT, checks)
    for options in ((), ("--no-fork",)):
        assert fresh.type("1", *options).returncode == 0
        assert list(temporary.iterdir()) == []


def test_results_are_written_and_told(fresh: MadeCourse) -> None:
    """As a report and as JSON; exit code 1 says that some are wrong."""
    fresh.add("ex01_right", RIGHT)
    fresh.add("ex02_wrong", WRONG)
    done = fresh.type("2", "--json=r.json")
    assert done.stderr == ""
    head, *rest = done.stdout.splitlines()
    first, *expected = REPORT.splitlines()
    assert head.rpartition(" · ")[0].split() == first.split()
    assert rest == expected
    assert done.returncode == 1
    saved = (fresh.folder / "r.json").read_text("utf-8")
    (exercise,) = read_grade(saved).exercises
    assert exercise.checks[0].printed == "here\n"


def test_a_learners_own_line_is_shown(fresh: MadeCourse) -> None:
    """Where the exception left the answer, not where it was noticed."""
    body = 'int("x" + str(len("")))\n    return "hello"'
    fresh.add("ex01_raises", RIGHT.replace('return "hello"', body))
    done = fresh.type("--traceback")
    line = 'exercises/ex01_raises.py:5   int("x" + str(len("")))'
    assert f"    your line  {line}\n" in done.stdout
    assert "    got        ValueError: invalid literal" in done.stdout
    assert "    expected   It greets.\n" in done.stdout
    assert "Traceback" in done.stdout or "    | E " in done.stdout


def test_checks_that_are_broken_are_our_bug(fresh: MadeCourse) -> None:
    """Exit code 3, and the answer is not blamed."""
    fresh.add("ex01_x", RIGHT, CHECKS + "import no_such_thing\n")
    done = fresh.type()
    assert done.returncode == 3
    assert "the course, not your answer" in done.stdout
    assert "no_such_thing" in done.stdout


def test_a_slow_check_has_more_time(fresh: MadeCourse) -> None:
    """As many seconds as its mark says, beyond those that all have."""
    checks = """
import time
import pytest

@pytest.mark.slow(30)
def test_starts_a_program(answer):
    time.sleep(2)

@pytest.mark.slow(0.5)
def test_never_ends(answer):
    time.sleep(60)
"""
    fresh.add("ex01_slow", RIGHT, checks)
    (exercise,) = fresh.grade("--deadline=1.5").exercises
    patient, late = exercise.checks
    assert patient.state == "right", patient.message
    assert late.message == "It did not end within 2 s."


def test_a_prerequisite_stands_above(
    fresh: MadeCourse,
) -> None:
    """So it exists, and never waits for itself: that is our fault."""
    typo = CHECKS.replace('after("test_says_hello")', 'after("test_typo")')
    fresh.add("ex01_typo", RIGHT, typo)
    mark = (
        '\n@pytest.mark.after("test_says_hello_twice")\ndef test_says_hello('
    )
    fresh.add(
        "ex02_circle", RIGHT, CHECKS.replace("\ndef test_says_hello(", mark)
    )
    done = fresh.type()
    assert done.returncode == 3
    assert "the course, not your answer" in done.stdout
    said = " ".join(done.stdout.split())
    for named in ("typo", "says_hello_twice"):
        assert f"names no check above it: after{{'test_{named}'}}" in said


def test_a_failing_fixture_of_ours_is_our_bug(fresh: MadeCourse) -> None:
    """And a full disk is the machine's fault."""
    conftest = fresh.folder / "checks" / "conftest.py"
    made = CONFTEST.replace("return Client()", "raise RuntimeError('ours')")
    conftest.write_text(made, "utf-8")
    fresh.add("ex01_x", RIGHT)
    full = "raise OSError(28, 'No space left on device')"
    fresh.add("ex02_full", RIGHT.replace('return "hello"', full))
    ours, full_ = fresh.grade().exercises
    assert ours.checks[0].fault == "our bug"
    assert "RuntimeError: ours" in ours.checks[0].message
    assert full_.checks[2].state == "waiting"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("9", "There is no exercise '9'. These are there"),
        ("nonsense", "   1  polite"),
        ("--target=nowhere", "There is no folder 'nowhere'"),
        ("--checks=exercises", "There are no checks in"),
        ("--deadline=soon", "invalid float value: 'soon'"),
        ("--json=no/where", "no/where cannot be written (No such file"),
        ("--help", ""),
    ],
)
def test_wrong_use_is_told_what_to_do(
    fresh: MadeCourse,
    arguments: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence, no traceback, and exit code 2."""
    monkeypatch.chdir(fresh.folder)
    fresh.add("ex01_polite", RIGHT)
    try:
        code: object = main(arguments.split())
    except SystemExit as exit_:  # from argparse
        code = exit_.code
    heard = capsys.readouterr()
    if arguments == "--help":
        assert "exit codes: 0 all right" in heard.out
        return
    assert said in heard.err
    assert "Traceback" not in heard.err
    assert code == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_ends_it_at_once(fresh: MadeCourse) -> None:
    """With all that it started, and exit code 130."""
    sign = fresh.folder / "begun"
    loop = f"open({str(sign)!r}, 'w').close()\n    while True: str(1)"
    fresh.add("ex01_loop", RIGHT.replace('return "hello"', loop))
    with subprocess.Popen(
        [sys.executable, "-m", "course.grader", "--deadline=60"],
        cwd=fresh.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _wait_for(sign)
        process.send_signal(signal.SIGINT)
        said, heard = process.communicate(timeout=30)
    assert (said, heard) == ("", "stopped\n")
    assert process.returncode == 130


def _wait_for(sign: Path) -> None:
    until = time.monotonic() + 40
    while not sign.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
