"""The quiz: an answer is right if the application does the same."""

import io

import pytest
from rich.console import Console

from course import quiz

RIGHT = {
    quiz.BEFORE: ["2 3 1", "2 3 1", "2", "1", "3 2 1"],
    quiz.AFTER: ["2 3 1", "3 1 4 2", "3 2", "2 1", "3 2 4"],
}


@pytest.mark.parametrize("questions", RIGHT, ids=["before", "after"])
def test_an_answer_is_compared_with_what_ran(
    questions: tuple[quiz.Question, ...],
) -> None:
    """All right, and the order is shown below each."""
    answers, shown = iter(RIGHT[questions]), io.StringIO()
    console = Console(file=shown, width=100)
    right = quiz.ask(questions, console, lambda _: next(answers))
    assert right == len(questions), shown.getvalue()
    assert shown.getvalue().count("✓") == len(questions)


def test_a_wrong_answer_is_marked_with_the_right_one() -> None:
    """The reader sees what really happened."""
    shown = io.StringIO()
    assert not quiz.ask(
        quiz.BEFORE[:1], Console(file=shown, width=100), lambda _: "1 2 3"
    )
    assert "✗ order ended → response sent → first_task began" in (
        shown.getvalue()
    )
