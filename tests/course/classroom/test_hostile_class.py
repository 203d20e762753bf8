"""A class in which everybody but one hands in something hostile.

Each student's second answer is right, and has to get all its points.
"""

import csv
import secrets
import sys
from pathlib import Path

import pytest

from course.classroom.work import of_the_course
from tests.course.classroom.conftest import Classroom, needs_bwrap
from tests.course.grader.made import (
    AT_IMPORT,
    CHECKS,
    CONFTEST,
    IN_A_CHECK,
    RIGHT,
    USES,
)

pytestmark = [
    needs_bwrap,
    pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's own"),
    pytest.mark.timeout(600),
]
MARK = f"left-{secrets.token_hex(8)}"
NAMES = ("ex01_hello", "ex02_bye")
ALL, BYE = 5.5, 3  # points of an answer, and of the check that stays right


def hand_in(folder: Path) -> dict[str, float]:
    """Write the submissions; return what the first answer has to get."""
    bodies = {
        name: (USES.format(mark=MARK, body=body), BYE if said else ALL)
        for name, (body, said) in IN_A_CHECK.items()
    }
    bodies |= {
        name: (f"{top}\n{RIGHT}", 0) for name, (top, _) in AT_IMPORT.items()
    }
    bodies["right"] = (RIGHT, ALL)
    for name, (text, _) in bodies.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "ex01_hello.py").write_text(text)
        (folder / name / "ex02_bye.py").write_text(RIGHT)
    return {name: points for name, (_, points) in bodies.items()}


def test_each_loses_its_own_points_alone(classroom: Classroom) -> None:
    """None hangs, changes anything or leaves anything behind."""
    checks = classroom.checks
    (checks / "conftest.py").write_text(CONFTEST)
    for old in checks.glob("test_*.py"):
        old.unlink()
    for name in NAMES:
        (checks / f"test_{name}.py").write_text(CHECKS)
    expected = hand_in(classroom.folder / "class")
    before = of_the_course(checks)
    temporary = classroom.folder / "tmp"
    temporary.mkdir()
    code, said = classroom.type("class", TMPDIR=f"{temporary}")
    assert code == 0, said
    with (classroom.folder / "grades/gradebook.csv").open(newline="") as file:
        book = {row["Student"]: row for row in csv.DictReader(file)}
    points = {name: float(row["ex01"]) for name, row in book.items()}
    assert points == expected
    assert {row["ex02"] for row in book.values()} == {f"{ALL}"}
    assert of_the_course(checks) == before
    assert not [*temporary.iterdir()]
    assert not classroom.left_running(MARK)
