"""Question 26: who holds a place of `max_concurrency`, and how long."""

import threading
from typing import Any

import anyio
import pytest
from fastapi import FastAPI

from .conftest import Happens, Question
from .versions import since

pytestmark = since("0.163.0")


def test_wrong(question: Question, happens: Happens) -> None:
    """The place is free only after the task."""
    happened = question.wrong.send()
    assert happened.json == "the only printer"
    assert happened.before("response sent", "work began")
    assert happened.before("work ended", "get_printer left")
    happens("wrong: the task keeps the place")


def test_right(question: Question, happens: Happens) -> None:
    """The place is free before the response leaves."""
    happened = question.right.send()
    assert happened.before("get_printer left", "response sent")
    happens("right: the place is free before the response")


def test_right_the_next_is_answered(question: Question) -> None:
    """While the first one's task works, a second request is answered."""
    module, go_on = question.module, threading.Event()
    module.app.dependency_overrides[module.get_work] = lambda: (
        lambda: go_on.wait(5)
    )
    path = question.right.path
    with question.running() as server:
        try:
            for _ in range(2):
                answer = server.client.post(path, timeout=3)
                assert answer.json() == "the only printer"
            assert not go_on.is_set()
        finally:
            go_on.set()


async def is_stuck(app: FastAPI, path: str) -> bool:
    """Say whether a request waits for ever, and nobody can wake it."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [],
        "query_string": b"",
    }
    async with anyio.create_task_group() as group:
        group.start_soon(app, scope, receive, send)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    return not sent


@pytest.mark.parametrize("path", ["/never", "/right"])
def test_two_places_in_one_request(question: Question, path: str) -> None:
    """With use_cache=False a request waits for itself for ever."""
    stuck = anyio.run(is_stuck, question.module.app, path)
    assert stuck == (path == "/never")
