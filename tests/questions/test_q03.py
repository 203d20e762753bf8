"""Question 3: an error after `add_task`."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """After a raised HTTPException the task never runs."""
    happened = question.wrong.send()
    assert happened.status == 404
    assert "work never ran" in happened.order
    happens("wrong: the task never runs")


def test_right(question: Question, happens: Happens) -> None:
    """A returned 404 keeps its task."""
    happened = question.right.send()
    assert happened.status == 404
    assert happened.json == {"detail": "Item not found"}
    assert happened.before("response sent", "work began")
    happens("right: the task runs")
