"""A class that hands in every kind of hostile answer, and right ones."""

import csv
import secrets
import sys
from pathlib import Path

import pytest

from course.classroom.work import fingerprint
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
    pytest.mark.timeout(900),  # on a machine that others use
]
MARK = f"left-{secrets.token_hex(8)}"
AT_ONCE = 5  # hostile answers of a student, beside a right one
ALL, BYE = 5, 3  # points of an answer, and of the check that stays right
TWO_CHECKS, *_ = CHECKS.partition("@pytest.mark.points(0.5)")
HOSTILE = {
    **{
        name: (USES.format(mark=MARK, body=body), BYE if said else ALL)
        for name, (body, said) in IN_A_CHECK.items()
    },
    **{name: (f"{top}\n{RIGHT}", 0) for name, (top, _) in AT_IMPORT.items()},
}


def hand_in(folder: Path) -> None:
    """Write the submissions, some answers in each."""
    names = [*HOSTILE]
    for start in range(0, len(names), AT_ONCE):
        student = folder / f"{start:02}"
        student.mkdir(parents=True)
        for number, name in enumerate(names[start : start + AT_ONCE], 1):
            (student / f"ex0{number}_x.py").write_text(HOSTILE[name][0])
        (student / f"ex0{AT_ONCE + 1}_x.py").write_text(RIGHT)


def test_each_loses_its_own_points_alone(classroom: Classroom) -> None:
    """None hangs, changes anything or leaves anything behind."""
    checks = classroom.checks
    (checks / "conftest.py").write_text(CONFTEST)
    for old in checks.glob("test_*.py"):
        old.unlink()
    for number in range(1, AT_ONCE + 2):
        (checks / f"test_ex0{number}_x.py").write_text(TWO_CHECKS)
    hand_in(classroom.folder / "class")
    before = fingerprint(checks)
    temporary = classroom.folder / "tmp"
    temporary.mkdir()
    code, said = classroom.type("class", TMPDIR=f"{temporary}")
    assert code in {0, 1}, said  # a busy machine may be blamed for a loop
    with (classroom.folder / "grades/gradebook.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    columns = [f"ex0{number + 1}" for number in range(AT_ONCE)]
    points = [int(row[column]) for row in rows for column in columns]
    assert dict(zip(HOSTILE, points, strict=False)) == {
        name: expected for name, (_, expected) in HOSTILE.items()
    }
    assert {row[f"ex0{AT_ONCE + 1}"] for row in rows} == {f"{ALL}"}
    assert fingerprint(checks) == before
    assert not [*temporary.iterdir()]
    assert not classroom.left_running(MARK)
