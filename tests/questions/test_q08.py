"""Question 8: a task raises an exception that has a handler."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The handler is not called, and another exception takes its place."""
    happened = question.wrong.send()
    assert happened.status == 200
    assert happened.before("response sent", "work raised SoldOutError")
    replaced = happened.order[-1] == "error reached the server: RuntimeError"
    called = bool(question.module.handled)
    happens(
        f"wrong: {'a RuntimeError' if replaced else 'the exception'}"
        f" reaches the server, the handler is {'' if called else 'not '}"
        "called"
    )
    assert (replaced, called) == (True, False)


def test_right(question: Question, happens: Happens) -> None:
    """The task logs its exception, and nothing reaches the server."""
    happened = question.right.send()
    assert happened.order[-1] == "work_and_log ended"
    happens("right: the task logs its exception")
