"""Question 11: the forty threads that everything shares."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The forty-first call finds no thread while forty wait for it."""
    happened = question.wrong.send()
    assert "work raised BrokenBarrierError" in happened.order
    happens("wrong: 41 calls do not run at once")


def test_right(question: Question, happens: Happens) -> None:
    """With a limiter of their own, 41 calls run at once."""
    happened = question.right.send()
    assert happened.before("response sent", "work_beside_the_pool began")
    assert "work_beside_the_pool ended" in happened.order
    happens("right: 41 calls run at once")
