"""A made-up course in a folder of its own, and the command to grade it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from course.grader.model import Grade
from tests.course.grader.made import CHECKS, CONFTEST

ROOT = Path(__file__).parents[3]


@dataclass
class Course:
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
            timeout=90,
        )

    def grade(self, *arguments: str) -> Grade:
        """Grade, and take the result as data."""
        done = self.type("--json=-", *arguments)
        assert done.stderr == ""
        return Grade.from_json(done.stdout)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Make an empty course."""
    return _made(tmp_path_factory.mktemp("course"))


@pytest.fixture
def fresh(tmp_path: Path) -> Course:
    """Make one for a single test."""
    return _made(tmp_path)


def _made(folder: Path) -> Course:
    for name in ("checks", "exercises"):
        (folder / name).mkdir()
    conftest = folder / "checks" / "conftest.py"
    conftest.write_text(CONFTEST, "utf-8")
    return Course(folder)
