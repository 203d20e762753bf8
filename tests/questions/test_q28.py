"""Question 28: a task that an exception handler sets."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The handler's own list of tasks is never run."""
    happened = question.wrong.send()
    assert happened.status == 402
    assert "work never ran" in happened.order
    assert question.module.reported == []
    happens("wrong: the task never runs")


def test_right(question: Question, happens: Happens) -> None:
    """The response brings its task; the dependency was left before."""
    happened = question.right.send()
    assert happened.status == 409
    left = "get_session left with NoStockError"
    assert happened.before(left, "response sent")
    assert happened.before("response sent", "work began")
    assert question.module.reported == ["/right"]
    happens("right: the task runs after the response, the session is closed")
