"""Question 39: `next` of a dependency."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """It is closed before it is used, and not closed after that."""
    question.wrong.send()
    assert question.module.order == ["opened", "closed", "used"]
    happens("wrong: closed before it is used")


def test_right(question: Question, happens: Happens) -> None:
    """It is closed when the block ends."""
    question.right.send()
    assert question.module.order == ["opened", "used", "closed"]
    happens("right: closed after it was used")
