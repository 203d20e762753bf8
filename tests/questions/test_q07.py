"""Question 7: a task that a dependency adds after its `yield`."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """Added after the response, the task never runs."""
    happened = question.wrong.send()
    ran = bool(question.module.recorded)
    happens(f"wrong: the task {'runs' if ran else 'never runs'}")
    assert happened.before("response sent", "audit_after left")
    assert not ran


def test_right(question: Question, happens: Happens) -> None:
    """Added before the `yield`, it runs and knows what happened."""
    question.right.send()
    assert question.module.recorded == [["deleted"]]
    happens("right: the task runs")
