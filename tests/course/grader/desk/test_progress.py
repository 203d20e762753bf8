"""What is remembered, and that nothing of it is ever lost."""

import json
from dataclasses import replace

import pytest

from course.grader.desk.progress import FORMAT, Entry, Progress, today
from course.grader.model import Check, Exercise
from tests.course.grader.desk.conftest import Learner

RIGHT = Check("test_a", "right", 2)
WRONG = Check("test_b", "wrong", 3)


def graded(*checks: Check) -> Exercise:
    """Make a grading of the first exercise."""
    return Exercise("ex01_polite", "ex01 · Polite", "x.py", checks)


def test_the_points_are_those_of_the_last_grading(learner: Learner) -> None:
    """The day on which it was right stays, so that one may look it up."""
    assert Progress(learner.desk)["ex01_polite"] == Entry()
    Progress(learner.desk).record(graded(RIGHT, replace(RIGHT, max_points=3)))
    done = Progress(learner.desk)["ex01_polite"]
    assert done == Entry(points=5, max_points=5, passed=today())
    assert done.done
    Progress(learner.desk).record(graded(RIGHT, WRONG))
    found = Progress(learner.desk)["ex01_polite"]
    assert (found.points, found.passed) == (2, today())
    assert not found.done
    assert found.may_see_solution


def test_what_is_not_the_learners_fault_changes_nothing(
    learner: Learner,
) -> None:
    """A full disk does not take points away."""
    Progress(learner.desk).record(graded(RIGHT))
    for fault in ("our bug", "this machine"):
        lost = replace(WRONG, state="not run", fault=fault)
        Progress(learner.desk).record(graded(RIGHT, lost))
    assert Progress(learner.desk)["ex01_polite"].done


def test_it_is_small_readable_json(learner: Learner) -> None:
    """In the order of the exercises, whichever was done first."""
    Progress(learner.desk).change("ex02_again", hints=1)
    Progress(learner.desk).record(graded(RIGHT))
    text = learner.desk.progress.read_text("utf-8")
    data = json.loads(text)
    assert data == {
        "format": FORMAT,
        "exercises": {
            "ex01_polite": {
                "points": 2,
                "max_points": 2,
                "failed": "",
                "passed": today(),
            },
            "ex02_again": {"hints": 1},
        },
    }
    assert [*data["exercises"]] == ["ex01_polite", "ex02_again"]


def test_what_it_does_not_know_is_left_alone(learner: Learner) -> None:
    """Exercises and fields of another version, and a byte-order mark."""
    entry = {"hints": 1, "stars": 5}
    other = {"exercises": {"ex01_polite": entry, "ex99_later": {}}, "who": 1}
    text = json.dumps({"format": FORMAT, **other})
    learner.desk.progress.write_text(text, "utf-8-sig")
    Progress(learner.desk).change("ex01_polite", hints=2)
    data = json.loads(learner.desk.progress.read_text("utf-8"))
    other["exercises"] = {"ex01_polite": {**entry, "hints": 2}}
    other["exercises"]["ex99_later"] = {}  # type: ignore[index]
    assert data == {"format": FORMAT, **other}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "\xff\xfe",
        '{"format": 99, "exercises": {}}',
        '{"format": 1}',
        '{"format": 1, "exercises": {"ex01_polite": 3}}',
        '{"format": 1, "exercises": {"ex01_polite": {"hints": "two"}}}',
        '{"format": 1, "exercises": {"ex01_polite": {"points": true}}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_used_is_kept(
    learner: Learner, text: str
) -> None:
    """It is said where; and looking at it changes nothing."""
    raw = text.encode("latin-1")
    learner.desk.progress.write_bytes(raw)
    code, out, _ = learner.type("progress")
    assert code == 0
    assert "progress.json is not used: " in out
    assert learner.desk.progress.read_bytes() == raw
    code, _, err = learner.type("hint", "1")
    assert code == 0
    (kept,) = learner.desk.kept.iterdir()
    assert kept.read_bytes() == raw
    assert f"It is kept as kept/{kept.name}, and a new one begins." in err
    assert Progress(learner.desk)["ex01_polite"].hints == 1


def test_a_file_that_cannot_be_written_is_told(learner: Learner) -> None:
    """And the session goes on."""
    learner.desk.progress.mkdir()
    (learner.desk.progress / "x").touch()
    code, out, err = learner.type("hint", "1")
    assert (code, "What does one say first?" in out) == (0, True)
    assert "Your progress was not saved" in err
    assert (learner.desk.progress / "x").exists()


def test_the_next_is_the_first_that_is_open(learner: Learner) -> None:
    """Given up comes last; nothing, once all are done."""
    suites = learner.desk.suites()
    progress = Progress(learner.desk)
    assert progress.next(suites) == suites[0]
    progress.change("ex01_polite", gave_up=today())
    assert progress.next(suites) == suites[1]
    progress.change("ex02_again", points=1, max_points=1, passed=today())
    assert progress.next(suites) == suites[0]
    progress.change("ex01_polite", points=1, max_points=1, passed=today())
    assert progress.next(suites) is None
