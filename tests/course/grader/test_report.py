"""What a learner reads, line by line, at 80 columns and without colours."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from course.grader.report import show
from course.grader.result import Check, Exercise, Grade

TRACKED = Check(
    "test_records_a_failing_task_as_failed",
    "wrong",
    3,
    did="POST /run-task/crash, a task that raises ValueError",
    expected='status "failed"',
    got='status "started"',
    order=(
        "response sent",
        "task began",
        "ValueError",
        "nothing committed",
    ),
    place="exercises/ex05_own_session.py:41",
    code="work(session, task_name)",
    why="A client that reads the row has to see that it failed.",
    traceback="Traceback\n  line",
    printed="hello\x1b[31m",
)
OWN_SESSION = Exercise(
    "ex05_own_session",
    "ex05 · A session of its own",
    "exercises/ex05_own_session.py",
    (
        Check("test_answers_before_the_task_starts", "right", 2),
        Check("test_records_the_task_as_started", "right", 2),
        TRACKED,
        Check("test_x", "waiting", 2),
        Check("test_y", "waiting", 1),
    ),
    0.2,
)
EXPECTED = """\
ex05 · A session of its own            2 of 5 checks · 4 of 10 points · 0.2 s

✓ answers before the task starts
✓ records the task as started
✗ not yet: records a failing task as failed                            0 of 3
    did        POST /run-task/crash, a task that raises ValueError
    expected   status "failed"
    got        status "started"
    order      response sent → task began → ValueError → nothing committed
    your line  exercises/ex05_own_session.py:41   work(session, task_name)
    why        A client that reads the row has to see that it failed.
    printed
    | hello�[31m
– 2 checks wait for the one above

Edit exercises/ex05_own_session.py, then: python3 start.py watch 5
Its traceback: python3 start.py grade 5 --traceback
"""
LOST = Check(
    "test_a",
    "not run",
    2,
    "the answer",
    message="SyntaxError: invalid syntax",
    place="exercises/ex01_x.py:3",
    code="def (:",
    imported=False,
)
NOT_IMPORTED = """\
ex01 · X                                0 of 2 checks · 0 of 4 points · 0.0 s

! the answer can't be imported
    problem    SyntaxError: invalid syntax
    your line  exercises/ex01_x.py:3   def (:

Edit exercises/ex01_x.py, then: python3 start.py watch 1
"""


def shown(
    *exercises: Exercise, encoding: str = "utf-8", traceback: bool = False
) -> str:
    """Return what is written where there is no terminal."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding) as file:
        console = Console(file=file)
        show(Grade(exercises), console, traceback=traceback)
        file.flush()
        return raw.getvalue().decode(encoding)


def test_every_failure_is_told_in_full() -> None:
    """Not only the first."""
    second = replace(TRACKED, name="test_z", got="no row at all", printed="")
    checks = (*OWN_SESSION.checks[:3], second)
    said = shown(replace(OWN_SESSION, checks=checks))
    assert said.count('    expected   status "failed"') == 2
    assert "    got        no row at all" in said
    assert said.count("    why        A client that") == 2


def test_of_what_an_answer_printed_the_end_is_shown() -> None:
    """All of it with the traceback."""
    printed = "\n".join(f"line {number}" for number in range(20))
    noisy = replace(TRACKED, printed=printed)
    exercise = replace(OWN_SESSION, checks=(noisy,))
    assert "    | (12 lines before)\n    | line 12\n" in shown(exercise)
    assert "    | line 0\n" in shown(exercise, traceback=True)


def test_a_failure_is_told_in_full() -> None:
    """Those that depend on it wait, and it says what to do next."""
    assert shown(OWN_SESSION) == EXPECTED


def test_an_answer_that_cannot_be_imported_is_told_once() -> None:
    """Not once for each check."""
    exercise = Exercise(
        "ex01_x", "ex01 · X", "exercises/ex01_x.py", (LOST, LOST)
    )
    assert shown(exercise) == NOT_IMPORTED


def test_a_promise_stands_above_what_was_expected() -> None:
    """Unless it is all that is known of that."""
    check = replace(TRACKED, promise="The record says why.", message="Why.")
    said = shown(replace(OWN_SESSION, checks=(check,))).splitlines()
    assert said[3:8] == [
        "    goal       The record says why.",
        "    did        POST /run-task/crash, a task that raises ValueError",
        '    expected   status "failed"',
        '    got        status "started"',
        "    note       Why.",
    ]
    alone = replace(check, got="")
    said = shown(replace(OWN_SESSION, checks=(alone,))).splitlines()
    assert said[5] == "    problem    Why."
    check = replace(check, expected=check.promise)
    said = shown(replace(OWN_SESSION, checks=(check,))).splitlines()
    assert said[4] == "    expected   The record says why."


def test_a_long_line_of_code_and_a_long_command_have_their_own() -> None:
    """A path stays whole, so that an editor's terminal can open it."""
    check = replace(TRACKED, code="x" * 50)
    long = "exercises/ex05_a_name_that_is_rather_long_for_one_line.py"
    said = shown(replace(OWN_SESSION, checks=(check,), file=long))
    assert "    your line  exercises/ex05_own_session.py:41\n" in said
    assert said.splitlines()[-3:-1] == [
        f"Edit {long}, then:",
        "  python3 start.py watch 5",
    ]


def test_answers_elsewhere_are_graded_there() -> None:
    """The learner's room is watched, another is graded once."""
    there = replace(OWN_SESSION, file="solutions/ex05_own_session.py")
    again = "python3 start.py grade 5"
    *_, line, more = shown(there).splitlines()
    assert line.endswith(f"{again} --target=solutions")
    assert more.endswith(f"{again} --traceback --target=solutions")


def test_traceback_and_output_come_on_request() -> None:
    """What an answer printed can't colour the screen."""
    assert "Traceback" not in shown(OWN_SESSION)
    text = shown(OWN_SESSION, traceback=True)
    assert "    | hello�[31m\n" in text
    assert "    | Traceback\n    |   line\n" in text


@pytest.mark.parametrize("width", ["20", "80", "200"])
def test_no_line_is_longer_than_80(
    width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long values, titles and names are wrapped."""
    monkeypatch.setenv("COLUMNS", width)
    check = Check("test_" + "long_" * 40, "wrong", 1, got="value " * 40)
    check2 = Check("test_b", "not run", 1, "our bug", message="x" * 200)
    title = "ex01 · " + "A title " * 12
    text = shown(Exercise("ex01_x", title, "x.py", (check, check2)))
    assert max(map(len, text.splitlines())) <= 80
    assert "please report it" in text


def test_a_console_without_these_signs_gets_plain_ones() -> None:
    """Nothing is lost: signs always stand beside words."""
    text = shown(OWN_SESSION, encoding="cp1252")
    assert "\n+ answers before the task starts" in text
    assert "response sent > task began" in text


def test_several_exercises_end_with_a_sum() -> None:
    """Of exercises and points."""
    text = shown(OWN_SESSION, OWN_SESSION)
    assert text.endswith("0 of 2 exercises are right · 8 of 20 points\n")
