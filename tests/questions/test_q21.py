"""Question 21: a context variable on its way to the task."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """Set in a `def` dependency, it is unset in endpoint and task."""
    happened = question.wrong.send()
    assert (happened.json, question.module.logged) == ("unset", ["unset"])
    happens("wrong: unset in the task")


def test_right(question: Question, happens: Happens) -> None:
    """Set in an `async def` dependency, both know it."""
    happened = question.right.send()
    assert (happened.json, question.module.logged) == ("42", ["42"])
    assert happened.where("work").startswith("thread")
    happens("right: the task knows it")
