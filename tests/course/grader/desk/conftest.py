"""A made-up course with two exercises, and a learner's desk in it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from course.grader.desk.__main__ import main
from course.grader.desk.place import Desk
from tests.course.grader.made import (
    CHECKS,
    CONFTEST,
    HINTS,
    SOLUTION,
    STUB,
)

NAMES = ("ex01_polite", "ex02_again")


@dataclass
class Learner:
    """Somebody who sits there, types commands and reads."""

    desk: Desk
    capsys: pytest.CaptureFixture[str]

    def type(self, *words: str) -> tuple[int, str, str]:
        """Run a session; return its exit code and what was printed."""
        code = main(words, self.desk)
        return code, *self.capsys.readouterr()

    def answer(self, number: int = 1) -> Path:
        """Return the file of an answer."""
        return self.desk.exercises / f"{NAMES[number - 1]}.py"

    def write(self, text: str, number: int = 1) -> None:
        """Write an answer."""
        self.answer(number).write_text(text, "utf-8")


@pytest.fixture
def learner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Learner:
    """Begin the course: stubs, checks, solutions, nothing done."""
    desk = Desk(tmp_path, tmp_path / "stubs")
    for folder in ("checks", "exercises/hints", "solutions", "stubs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "checks" / "conftest.py").write_text(CONFTEST, "utf-8")
    for number, name in enumerate(NAMES, 1):
        stub = STUB.replace("Exercise 1", f"Exercise {number}")
        for file, text in (
            (f"exercises/{name}.py", stub),
            (f"exercises/hints/{name[:4]}.md", HINTS),
            (f"stubs/{name}.txt", stub),
            (f"solutions/{name}.py", SOLUTION),
            (f"checks/test_{name}.py", CHECKS),
        ):
            (tmp_path / file).write_text(text, "utf-8")
    return Learner(desk, capsys)


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
