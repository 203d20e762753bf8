"""Question 2: a response of your own, and the injected tasks."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The response's own task runs, and the injected one is dropped."""
    happened = question.wrong.send()
    assert happened.status == 200
    assert "work never ran" in happened.order
    assert happened.before("response sent", "count_the_download began")
    happens("wrong: the injected task never runs")


def test_right(question: Question, happens: Happens) -> None:
    """Both tasks run, after the response."""
    happened = question.right.send()
    assert happened.status == 200
    assert happened.before("response sent", "work began")
    assert happened.before("work ended", "count_the_download began")
    happens("right: both tasks run")
