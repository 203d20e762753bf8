"""Question 31: a task that is called instead of added."""

import anyio
import pytest
from starlette.background import BackgroundTask

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The work is done when the endpoint returns, and None is called."""
    happened = question.wrong.send()
    assert happened.json == ["ada"]
    assert "NoneType raised TypeError" in happened.order
    happens("wrong: the work is done before the response")


def test_right(question: Question, happens: Happens) -> None:
    """Nothing is sent when the endpoint returns; the task sends it."""
    happened = question.right.send()
    assert happened.json == []
    assert happened.before("response sent", "work began")
    assert question.module.sent == ["ada"]
    happens("right: the response comes first")


def test_an_awaitable_is_no_task() -> None:
    """Nobody awaits a coroutine that is added as a task."""

    async def work() -> None:
        """Never begin."""

    coroutine = work()
    task = BackgroundTask(coroutine)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="first argument must be callable"):
        anyio.run(task)
    coroutine.close()
