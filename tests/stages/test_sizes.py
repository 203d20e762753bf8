"""A stage is short, and little differs from the one before: that is read."""

import difflib
from typing import NamedTuple

import pytest

from tests.servers import ROOT


class Limit(NamedTuple):
    """How long a file may be, and how much of it may be new."""

    file: str
    lines: int
    before: str = ""
    added: int = 0
    removed: int = 0


LIMITS = [
    Limit("s01_background_tasks.py", 30),
    Limit("s02_task_dependency.py", 45, "s01_background_tasks.py", 25, 10),
    Limit("s03_chained_dependencies.py", 70, "s02_task_dependency.py", 35, 10),
    Limit("s04_email_service.py", 145, "s03_chained_dependencies.py", 85, 10),
    Limit("s05_task_tracker.py", 280, "s04_email_service.py", 145, 10),
]
WITH_DIFF = [limit for limit in LIMITS if limit.before]


def lines_of(file: str) -> list[str]:
    """Return a stage's lines."""
    return (ROOT / "stages" / file).read_text("utf-8").splitlines()


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.file)
def test_a_stage_is_short(limit: Limit) -> None:
    """It can be read at once, from its first line to its last."""
    assert len(lines_of(limit.file)) <= limit.lines


@pytest.mark.parametrize("limit", WITH_DIFF, ids=lambda limit: limit.file)
def test_a_stage_adds_one_idea(limit: Limit) -> None:
    """The diff is the lesson: nothing is renamed, nothing moves."""
    diff = difflib.unified_diff(
        lines_of(limit.before), lines_of(limit.file), lineterm=""
    )
    signs = [line[0] for line in [*diff][2:]]  # without the two file names
    assert signs.count("+") <= limit.added
    assert signs.count("-") <= limit.removed
