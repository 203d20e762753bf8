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


def test_a_slip_of_the_keys_is_asked_again() -> None:
    """Nothing, a number that is not listed, and the same one twice."""
    answers, shown = iter(["", "4 1", "2 2", "2 3 1"]), io.StringIO()
    console = Console(file=shown, width=100)
    asked: list[str] = []

    def read(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    assert quiz.ask(quiz.BEFORE[:1], console, read) == 1
    assert asked[1:] == ["Type some of the numbers 1 to 3, each once: "] * 3


@pytest.mark.parametrize("question", quiz.BEFORE + quiz.AFTER)
def test_the_code_is_whole(question: quiz.Question) -> None:
    """It runs as it is shown, with its imports and with empty tasks."""
    names = vars(quiz).copy()
    exec(question.code, names)  # noqa: S102 (it is our own)
    (route,) = [r for r in names["app"].routes if r.path == "/"]
    assert route.name == "order"
