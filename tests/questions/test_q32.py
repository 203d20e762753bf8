"""Question 32: a coroutine that nobody awaits."""

import pytest

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The lambda ran, the coroutine did not."""
    with pytest.warns(RuntimeWarning, match="'work' was never awaited"):
        assert question.wrong.send().status == 200
    assert question.module.sent == []
    happens("wrong: the coroutine is never awaited")


@pytest.mark.filterwarnings("default:coroutine:RuntimeWarning")
def test_right(question: Question, happens: Happens) -> None:
    """The function and its partial were both awaited."""
    question.right.send()
    assert question.module.sent == ["ada", "bob"]
    happens("right: the task runs")
