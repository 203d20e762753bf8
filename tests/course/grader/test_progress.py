"""What is remembered, and that nothing of it is ever lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from course.grader.progress import FORMAT, Entry, Progress, today
from course.grader.result import Check, Exercise
from tests.course.grader.conftest import Learner

RIGHT = Check("test_a", "right", 2)
WRONG = Check("test_b", "wrong", 3)


def graded(*checks: Check) -> Exercise:
    """Make a grading of the first exercise."""
    return Exercise("ex01_polite", "ex01 · Polite", "x.py", checks)


def test_the_points_are_those_of_the_last_grading(learner: Learner) -> None:
    """The day on which it was right stays, so that one may look it up."""
    assert Progress(learner.course)["ex01_polite"] == Entry()
    Progress(learner.course).record(
        graded(RIGHT, replace(RIGHT, max_points=3))
    )
    done = Progress(learner.course)["ex01_polite"]
    assert done == Entry(points=5, max_points=5, passed=today())
    assert done.done
    Progress(learner.course).record(graded(RIGHT, WRONG))
    found = Progress(learner.course)["ex01_polite"]
    assert (found.points, found.passed) == (2, today())
    assert not found.done
    assert found.may_see_solution


def test_what_is_not_the_learners_fault_changes_nothing(
    learner: Learner,
) -> None:
    """A full disk does not take points away."""
    Progress(learner.course).record(graded(RIGHT))
    for fault in ("our bug", "this machine"):
        lost = replace(WRONG, state="not run", fault=fault)
        Progress(learner.course).record(graded(RIGHT, lost))
    assert Progress(learner.course)["ex01_polite"].done


def test_it_is_small_readable_json(learner: Learner) -> None:
    """In the order of the exercises, whichever was done first."""
    Progress(learner.course).change("ex02_again", hints=1)
    Progress(learner.course).record(graded(RIGHT))
    text = learner.course.progress.read_text("utf-8")
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
    learner.course.progress.write_text(text, "utf-8-sig")
    Progress(learner.course).change("ex01_polite", hints=2)
    data = json.loads(learner.course.progress.read_text("utf-8"))
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
    learner.course.progress.write_bytes(raw)
    code, out, _ = learner.type("progress")
    assert code == 0
    assert "progress.json is not used: " in out
    assert learner.course.progress.read_bytes() == raw
    code, _, err = learner.type("hint", "1")
    assert code == 0
    (kept,) = learner.course.kept.iterdir()
    assert kept.read_bytes() == raw
    assert f"It is kept as kept/{kept.name}, and a new one begins." in err
    assert Progress(learner.course)["ex01_polite"].hints == 1


def test_a_file_that_cannot_be_written_is_told(learner: Learner) -> None:
    """And the session goes on."""
    learner.course.progress.mkdir()
    (learner.course.progress / "x").touch()
    code, out, err = learner.type("hint", "1")
    assert (code, "What does one say first?" in out) == (0, True)
    assert "Your progress was not saved" in err
    assert (learner.course.progress / "x").exists()


def test_the_next_is_the_first_that_is_open(learner: Learner) -> None:
    """Given up comes last; nothing, once all are done."""
    suites = learner.course.suites()
    progress = Progress(learner.course)
    assert progress.next(suites) == suites[0]
    progress.change("ex01_polite", gave_up=today())
    assert progress.next(suites) == suites[1]
    progress.change("ex02_again", points=1, max_points=1, passed=today())
    assert progress.next(suites) == suites[0]
    progress.change("ex01_polite", points=1, max_points=1, passed=today())
    assert progress.next(suites) is None


def test_two_terminals_lose_nothing(learner: Learner) -> None:
    """Each reads what the other has written before it writes."""
    first, second = Progress(learner.course), Progress(learner.course)
    first.change("ex01_polite", hints=1)
    second.change("ex02_again", hints=2)
    found = Progress(learner.course)
    assert (found["ex01_polite"].hints, found["ex02_again"].hints) == (1, 2)


def test_many_at_once_lose_nothing(learner: Learner) -> None:
    """One waits until the other has written."""

    def write(number: int) -> None:
        Progress(learner.course).change(f"ex{number:02}_x", hints=number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(1, 41)))
    data = json.loads(learner.course.progress.read_text("utf-8"))
    assert len(data["exercises"]) == 40
