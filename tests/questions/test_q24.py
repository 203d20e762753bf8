"""Question 24: what a TestClient waits for."""

import threading

import pytest
from fastapi.testclient import TestClient

from .conftest import Happens, Question
from .versions import STARLETTE


def test_wrong(question: Question, happens: Happens) -> None:
    """The client has its answer when the real task has ended."""
    client = TestClient(question.module.app)
    assert client.post(question.wrong.path).status_code == 200
    assert question.module.sent == ["ada@example.com"]
    happens("wrong: the real task has run when the client has its answer")


def test_right(question: Question, happens: Happens) -> None:
    """The fake got what the task would have got; nothing was sent."""
    module, remembered = question.module, list[str]()
    module.app.dependency_overrides[module.get_work] = lambda: (
        remembered.append
    )
    TestClient(module.app).post(question.right.path)
    assert remembered == ["ada@example.com"]
    assert module.sent == []
    happens("right: a fake runs instead of the task")


def test_a_server_answers_first(question: Question) -> None:
    """On a real server the response leaves before the same task begins."""
    happened = question.wrong.send()
    assert happened.before("response sent", "work began")


@pytest.mark.skipif(STARLETTE < (1, 10), reason="not tried before 1.10")
def test_a_stream_answers_first(question: Question) -> None:
    """While the task waits for us, `client.stream` has the status."""
    module, answered = question.module, threading.Event()
    module.app.dependency_overrides[module.get_work] = lambda: (
        lambda _address: answered.wait(5)
    )
    client = TestClient(module.app)
    with client.stream("POST", question.right.path) as response:
        assert response.status_code == 200
        assert not answered.is_set()
        answered.set()
