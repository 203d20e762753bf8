"""Question 47: a task that is to run later."""

import threading
from datetime import datetime

import pytest

from .conftest import Happens, Question

pytest.importorskip("celery")


def test_wrong(question: Question, happens: Happens) -> None:
    """The task sleeps in a thread of the pool."""
    module = question.module
    go_on, began = threading.Event(), threading.Event()

    def wait(_seconds: float) -> None:
        began.set()
        go_on.wait(5)

    module.app.dependency_overrides[module.get_sleep] = lambda: wait
    with question.running() as server:
        try:
            server.client.post(question.wrong.path)
            assert began.wait(5)
            assert server.client.get("/threads").json() == 1
        finally:
            go_on.set()
    happens("wrong: a thread waits")


def test_right(question: Question, happens: Happens) -> None:
    """No thread waits; the message says from when on it may run."""
    with question.module.celery.connection_for_read() as connection:
        messages = connection.SimpleQueue("celery")
        messages.clear()  # of other tests: the memory is the process's
        with question.running() as server:
            assert server.client.post(question.right.path).status_code == 202
            assert server.client.get("/threads").json() == 0
        message = messages.get_nowait()
        message.ack()
    assert datetime.fromisoformat(message.headers["eta"]).tzinfo
    happens("right: a message waits")
