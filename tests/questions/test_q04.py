"""Question 4: a task and the request's session."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The request's session is open, and holds a connection meanwhile."""
    happened = question.wrong.send()
    assert happened.before("work_with_its_session ended", "get_db left")
    assert question.module.held == [1]
    happens("wrong: the session is open, its connection held for the task")


def test_right(question: Question, happens: Happens) -> None:
    """A task with a session of its own holds no connection meanwhile."""
    happened = question.right.send()
    assert "work ended" in happened.order
    assert question.module.held == [0]
    happens("right: no connection is held")
