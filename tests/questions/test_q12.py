"""Question 12: requests that hold the connection their task waits for."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The task waits for the connection that its own request holds."""
    happened = question.wrong.send()
    assert happened.status == 200
    stopped = "work raised TimeoutError" in happened.order
    happens(f"wrong: the task {'gets no' if stopped else 'gets a'} connection")
    assert stopped


def test_right(question: Question, happens: Happens) -> None:
    """After the commit the connection is free, and the task takes it."""
    happened = question.right.send()
    assert happened.before("work ended", "get_db left")
    happens("right: the task gets a connection")
