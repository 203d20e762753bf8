"""The example in docs/teaching.md becomes an exercise as it says there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.bank import ROOT

GUIDE = ROOT / "docs" / "teaching.md"
ROOMS = [
    *("checks", "course", "docs", "exercises", "fastapi_timeline"),
    *("solutions", "tests"),
]
WHAT_A_JOB_RUNS = {
    "grade": ("-m", "course.grader"),
    "prove": ("-m", "pytest", "tests/checks"),
}


def steps() -> list[tuple[str, str]]:
    """Return the guide's commands, and what it says they show."""
    part = GUIDE.read_text("utf-8").partition("\n## An exercise of your own\n")
    block = re.search(r"```bash\n(.*?)```", part[2], re.DOTALL)
    assert block
    pairs = re.findall(r"^(\S.*?) +# (.+)$", block[1], re.MULTILINE)
    assert len(pairs) == len(block[1].splitlines())
    return pairs


def words(command: str) -> list[str]:
    """Return what a command runs, in the environment of the tests."""
    program, *rest = shlex.split(command)
    if program == "cp":
        return [program, *rest]
    if rest[:1] == ["start.py"]:
        job, *after = rest[1:]
        return [sys.executable, *WHAT_A_JOB_RUNS[job], *after]
    assert program == ".venv/bin/python"
    return [sys.executable, *rest]


@pytest.mark.timeout(600)
def test_each_step_of_the_guide_shows_what_it_says(tmp_path: Path) -> None:
    """In a copy of the course, in the order in which they stand there."""
    for room in ROOMS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, tmp_path / room, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for command, says in steps():
        done = subprocess.run(
            words(command),
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
        )
        told = done.stdout + done.stderr
        assert (says in told) or (not told and not done.returncode), told
        assert " failed" not in told
