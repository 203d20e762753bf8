"""Question 34: what runs after a task that failed."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The second task never ran; the client knows nothing of it."""
    happened = question.wrong.send()
    assert happened.status == 200
    assert happened.before("charge raised ConnectionError", "work never ran")
    assert question.module.done == []
    happens("wrong: the second task never runs")


def test_right(question: Question, happens: Happens) -> None:
    """The second task ran although the first one failed."""
    question.right.send()
    assert question.module.done == ["invoice"]
    happens("right: the second task runs")
