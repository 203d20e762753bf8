"""Stage 2: the task is replaced through its dependency."""

import threading
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from stages.s02_task_dependency import (
    NOTIFICATIONS,
    app,
    get_notification_task,
    write_notification,
)
from tests.servers import Live

Outbox = list[tuple[str, str]]


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """Replace the task by a fake that remembers, for one test."""
    sent: Outbox = []

    def remember(email: str, message: str) -> None:
        sent.append((email, message))

    app.dependency_overrides[get_notification_task] = lambda: remember
    yield sent
    app.dependency_overrides.clear()


def test_the_provider_gives_the_task() -> None:
    """It returns the function itself, and does not call it."""
    assert get_notification_task() is write_notification


def test_an_override_replaces_the_task(outbox: Outbox) -> None:
    """The fake got the arguments, and the real task wrote nothing."""
    response = TestClient(app).post("/send-notification/ada@example.com")
    assert response.json() == {
        "message": "Notification sent in the background"
    }
    assert outbox == [("ada@example.com", "Hello World!")]
    assert not NOTIFICATIONS.exists()


def test_without_an_override_the_real_task_runs() -> None:
    """The dependency changes who provides the task, not the task."""
    TestClient(app).post("/send-notification/ada@example.com")
    assert NOTIFICATIONS.read_text("utf-8") == (
        "Notification for ada@example.com: Hello World!\n"
    )


def test_each_request_runs_its_own_task_once(outbox: Outbox) -> None:
    """Two requests, two notifications, each with its own address."""
    client = TestClient(app)
    client.post("/send-notification/ada@example.com")
    client.post("/send-notification/bob@example.com")
    assert [email for email, _ in outbox] == [
        "ada@example.com",
        "bob@example.com",
    ]


def test_an_invalid_address_starts_no_task(outbox: Outbox) -> None:
    """FastAPI answers 422 before the endpoint could add the task."""
    response = TestClient(app).post("/send-notification/not-an-email")
    assert response.status_code == 422
    assert outbox == []


def test_the_response_comes_before_the_work(live: Live) -> None:
    """The client has its answer while the task is still held."""
    held, done = threading.Event(), threading.Event()

    def wait(_email: str, _message: str) -> None:
        assert held.wait(10)
        done.set()

    app.dependency_overrides[get_notification_task] = lambda: wait
    try:
        with live(app) as client:
            response = client.post("/send-notification/ada@example.com")
            assert response.status_code == 200
            assert not done.is_set()
            held.set()
            assert done.wait(10)
    finally:
        app.dependency_overrides.clear()
