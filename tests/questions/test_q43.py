"""Question 43: `lru_cache` around an `async def` dependency."""

import asyncio

import pytest
from fastapi.testclient import TestClient

from .conftest import Happens, Question
from .versions import FASTAPI


@pytest.mark.skipif(FASTAPI < (0, 123, 5), reason="another error there")
def test_wrong(question: Question, happens: Happens) -> None:
    """The second request awaits the coroutine of the first."""
    with TestClient(question.module.app) as client:
        assert client.post(question.wrong.path).status_code == 200
        with pytest.raises(RuntimeError, match="cannot reuse"):
            client.post(question.wrong.path)
    assert question.module.sent == ["OFFICE@EXAMPLE.COM"]
    happens("wrong: the second request gets 500")


@pytest.mark.skipif(FASTAPI >= (0, 123, 5), reason="another error here")
def test_wrong_at_once(question: Question, happens: Happens) -> None:
    """Already the first request's task gets the coroutine."""
    with (
        TestClient(question.module.app) as client,
        pytest.raises(AttributeError, match="'coroutine' object"),
    ):
        client.post(question.wrong.path)
    asyncio.run(question.module.get_cached_sender())  # somebody awaits it
    assert question.module.sent == []
    happens("wrong: the task gets a coroutine")


def test_right(question: Question, happens: Happens) -> None:
    """Each request gets the value that was loaded once."""
    with question.running() as server:
        statuses = [server.send(question.right).status for _ in range(2)]
    assert statuses == [200, 200]
    assert question.module.sent == ["OFFICE@EXAMPLE.COM"] * 2
    happens("right: each request gets the value")
