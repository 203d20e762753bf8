"""Running an exercise, to try it in the browser."""

import subprocess
import sys

import httpx2

from tests.servers import ROOT, Alone


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the job to its end."""
    command = [sys.executable, "-m", "course.try_exercise", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_an_application_is_served_until_it_is_stopped() -> None:
    """Exercise 6 is an application that prints what happens."""
    server = Alone("course.try_exercise", "6")
    try:
        answer = httpx2.post(f"{server.start()}/yield_dependency/")
        said = server.end()
    finally:
        server.kill()
    assert answer.is_success
    assert "endpoint runs" in said
    assert "Traceback" not in said


def test_tests_are_run_by_pytest() -> None:
    """Exercise 7 has no application; what follows is pytest's."""
    done = run("7", "--collect-only", "-q")
    assert "test_a_notification_is_sent" in done.stdout


def test_what_cannot_be_run_is_told() -> None:
    """A wrong number names those there are; help is the module's text."""
    wrong = run("99")
    assert wrong.returncode == 1
    assert "There is no exercise '99'. These are there" in wrong.stderr
    assert run("--help").stdout.startswith("usage: python3 start.py try ")
