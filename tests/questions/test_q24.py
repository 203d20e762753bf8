"""Question 24: what a TestClient waits for."""

import threading

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


def test_a_stream(question: Question, happens: Happens) -> None:
    """From Starlette 1.9 on `client.stream` has the status first."""
    module, answered, ended = question.module, threading.Event(), list[str]()
    answers_first = STARLETTE >= (1, 9)

    def work(address: str) -> None:
        answered.wait(5 if answers_first else 0)
        ended.append(address)

    module.app.dependency_overrides[module.get_work] = lambda: work
    client = TestClient(module.app)
    with client.stream("POST", question.right.path) as response:
        assert response.status_code == 200
        assert ended == ([] if answers_first else ["ada@example.com"])
        answered.set()
    happens(f"a stream {'answers first' if answers_first else 'waits, too'}")
