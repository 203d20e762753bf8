"""Question 38: a database object that is given to a task."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The object has lost its session: the task fails."""
    happened = question.wrong.send()
    assert happened.status == 200
    assert "work raised DetachedInstanceError" in happened.order
    assert question.module.greeted == []
    happens("wrong: DetachedInstanceError in the task")


def test_right(question: Question, happens: Happens) -> None:
    """The task loads the row by its ID."""
    question.right.send()
    assert question.module.greeted == ["Ada"]
    happens("right: the task loads the row")
