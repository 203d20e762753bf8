"""A made-up course in a folder of its own, and somebody who works on it."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from rich.console import Console

from course.grader.exercises import Course
from course.grader.jobs import main
from course.grader.result import Grade
from tests.course.grader.made import (
    CHECKS,
    CONFTEST,
    HINTS,
    SOLUTION,
    STUB,
)

ROOT = Path(__file__).parents[3]


@dataclass
class MadeCourse:
    """Checks and answers, written as a test needs them."""

    folder: Path

    def add(
        self, name: str, answer: str | bytes | None, checks: str = CHECKS
    ) -> None:
        """Add an exercise with its answer."""
        (self.folder / "checks" / f"test_{name}.py").write_text(
            checks, "utf-8"
        )
        raw = answer.encode() if isinstance(answer, str) else answer
        if raw is not None:
            (self.folder / "exercises" / f"{name}.py").write_bytes(raw)

    def type(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Type the command in its folder."""
        return subprocess.run(
            [sys.executable, "-m", "course.grader", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def grade(self, *arguments: str) -> Grade:
        """Grade, and take the result as data."""
        done = self.type("--json=-", *arguments)
        assert done.stderr == ""
        return read_grade(done.stdout)


read_grade = TypeAdapter(Grade).validate_json  # what --json wrote


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> MadeCourse:
    """Make an empty course."""
    return _made(tmp_path_factory.mktemp("course"))


@pytest.fixture
def fresh(tmp_path: Path) -> MadeCourse:
    """Make one for a single test."""
    return _made(tmp_path)


def _made(folder: Path) -> MadeCourse:
    for name in ("checks", "exercises"):
        (folder / name).mkdir()
    conftest = folder / "checks" / "conftest.py"
    conftest.write_text(CONFTEST, "utf-8")
    return MadeCourse(folder)


NAMES = ("ex01_polite", "ex02_again")


@dataclass
class Learner:
    """Somebody who sits there, types commands and reads."""

    course: Course
    capsys: pytest.CaptureFixture[str]

    def type(self, *words: str) -> tuple[int, str, str]:
        """Run a session; return its exit code and what was printed."""
        code = main(words, self.course)
        return code, *self.capsys.readouterr()

    def answer(self, number: int = 1) -> Path:
        """Return the file of an answer."""
        return self.course.exercises / f"{NAMES[number - 1]}.py"

    def write(self, text: str, number: int = 1) -> None:
        """Write an answer."""
        self.answer(number).write_text(text, "utf-8")


@pytest.fixture
def learner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Learner:
    """Begin the course: stubs, checks, solutions, nothing done."""
    course = Course(tmp_path, tmp_path / "stubs.zip")
    for folder in ("checks", "exercises/hints", "solutions"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "checks" / "conftest.py").write_text(CONFTEST, "utf-8")
    for number, name in enumerate(NAMES, 1):
        stub = STUB.replace("Exercise 1", f"Exercise {number}")
        for file, text in (
            (f"exercises/{name}.py", stub),
            (f"exercises/hints/{name[:4]}.md", HINTS),
            (f"solutions/{name}.py", SOLUTION),
            (f"checks/test_{name}.py", CHECKS),
        ):
            (tmp_path / file).write_text(text, "utf-8")
        with zipfile.ZipFile(course.originals, "a") as stubs:
            stubs.writestr(f"{name}.py", stub)
    return Learner(course, capsys)


@pytest.fixture
def console() -> Callable[..., Console]:
    """Make a console that keeps what is written."""

    def make(*, terminal: bool = False) -> Console:
        return Console(
            file=io.StringIO(),
            force_terminal=terminal,
            no_color=True,
            width=80,
            highlight=False,
        )

    return make


def running(mark: str) -> list[str]:
    """List the commands of the processes that have this mark, on Linux."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(file.read_bytes().decode("utf-8", "replace"))
    return [command for command in found if mark in command]
