"""Question 9: tasks one after the other, and at once."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The second task begins when the first has ended."""
    happened = question.wrong.send()
    assert happened.before("first ended", "second began")
    assert question.module.order == [
        *("first began", "first ended", "second began", "second ended")
    ]
    happens("wrong: one after the other")


def test_right(question: Question, happens: Happens) -> None:
    """Both have begun before one has ended."""
    question.right.send()
    assert question.module.order[:2] == ["first began", "second began"]
    happens("right: both at once")
