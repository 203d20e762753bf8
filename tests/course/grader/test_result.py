"""Points, states and the way to JSON and back."""

import json
from dataclasses import asdict, replace

import pytest

from course.grader.result import Check, Exercise, Grade, read_check
from tests.course.grader.conftest import read_grade

RIGHT = Check("test_a_b[x]", "right", 3)
WRONG = Check(
    "test_c",
    "wrong",
    0.5,
    message="why\x1b[31m",
    order=("response sent", "task began"),
    traceback="Traceback …",
    printed="\x00hello",
)
WAITING = Check("test_d", "waiting", 2)
LOST = Check("test_e", "not run", 1, "the answer", imported=False)
BUG = Check("test_f", "not run", 1, "our bug")


def made(*checks: Check) -> Exercise:
    """Make an exercise of these checks."""
    return Exercise("ex01_x", "ex01 · X", "exercises/ex01_x.py", checks, 0.25)


def test_only_what_is_right_has_points() -> None:
    """And all of them."""
    exercise = made(RIGHT, WRONG, WAITING, LOST)
    assert exercise.points == 3
    assert exercise.max_points == 6.5
    assert RIGHT.title == "a b (x)"


@pytest.mark.parametrize(
    ("checks", "state", "code"),
    [
        ([RIGHT, RIGHT], "right", 0),
        ([RIGHT, WRONG], "wrong", 1),
        ([RIGHT, WAITING], "wrong", 1),
        ([LOST, LOST], "not run", 2),
        ([LOST, BUG], "not run", 3),
        ([replace(BUG, fault="this machine")], "not run", 1),
        ([], "not run", 3),
    ],
)
def test_the_worst_decides(checks: list[Check], state: str, code: int) -> None:
    """On the state of an exercise and on the exit code."""
    assert made(*checks).state == state
    assert Grade((made(*checks),)).exit_code == code


def test_json_is_read_back_to_an_equal_one() -> None:
    """With the fields that the documentation names."""
    grade = Grade((made(RIGHT, WRONG, WAITING, LOST), made(BUG)))
    assert read_grade(grade.to_json()) == grade
    data = json.loads(grade.to_json())
    assert data["format"] == 1
    exercise = data["exercises"][0]
    assert {"name", "state", "points", "max_points"} <= set(exercise)
    assert (
        exercise["checks"][1]
        | {
            "state": "wrong",
            "fault": "",
            "points": 0,
            "max_points": 0.5,
            "order": ["response sent", "task began"],
        }
        == exercise["checks"][1]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"state": "perfect"},
        {"fault": "the moon"},
        {"message": ["no text"]},
        {"max_points": "three"},
        {"name": None},
    ],
)
def test_a_malformed_check_is_refused(change: dict[str, object]) -> None:
    """Its process may have sent anything."""
    with pytest.raises(ValueError, match="for Check"):
        read_check({**asdict(WRONG), **change})


def test_what_utf_8_cannot_hold_is_escaped() -> None:
    """So that the whole result can be written."""
    check = read_check({**asdict(WRONG), "got": "caf\udce9", "more": 1})
    assert check == replace(WRONG, got="caf\\udce9")
