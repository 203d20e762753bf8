"""Exercise 7, solved: test a task."""

from collections.abc import Callable
from types import ModuleType

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

pytest_plugins = ["checks.app_under_test"]  # the two fixtures (ready)

ClientFor = Callable[..., TestClient]
Sent = list[tuple[str, str]]
ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def sent(target: ModuleType) -> Sent:
    """Remember what is sent: replace the task."""
    sent: Sent = []

    def remember(email: str, message: str) -> None:
        sent.append((email, message))

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: remember
    return sent


@pytest.fixture
def client(target: ModuleType, client_for: ClientFor) -> TestClient:
    return client_for(target.app)


def notify(client: TestClient, email: str, message: str) -> Response:
    url = f"/send-notification/{email}"
    return client.post(url, params={"message": message})


def test_a_notification_is_sent(client: TestClient, sent: Sent) -> None:
    response = notify(client, ADA, "Hello!")
    assert response.status_code == 202
    assert response.json() == {"message": "Notification scheduled"}
    assert sent == [(ADA, "Hello!")]


def test_each_request_sends_its_own(client: TestClient, sent: Sent) -> None:
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    assert sent == [(ADA, "Hello!"), (BOB, "Good-bye!")]


@pytest.mark.parametrize("email", ["not-an-email", "a@b@c"])
def test_what_is_no_address_is_refused(
    client: TestClient, sent: Sent, email: str
) -> None:
    assert notify(client, email, "Hello!").status_code == 422
    assert sent == []


def test_a_task_that_fails_does_not_change_the_response(
    target: ModuleType, client_for: ClientFor
) -> None:
    def fail(email: str, message: str) -> None:
        raise ConnectionRefusedError("no mail server here")

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: fail
    client = client_for(target.app, raise_server_exceptions=False)
    assert notify(client, ADA, "Hello!").status_code == 202


def test_the_real_task_fills_the_outbox(
    target: ModuleType, client: TestClient
) -> None:
    outbox: Sent = []
    target.app.dependency_overrides[target.get_outbox] = lambda: outbox
    notify(client, ADA, "Hello!")
    assert outbox == [(ADA, "Hello!")]


# Why so: `Depends` was given the function itself when the module was loaded,
# so putting something else in the place of its name changes nothing that
# FastAPI does. `dependency_overrides` is the framework's own seam: it works
# however the application is built, and the fake that remembers shows what was
# called, how often and with what, where a mock would take any call. Most of
# the broken applications fall to the one comparison with the whole list. A
# TestClient returns when the tasks are done, so that the order has to be seen
# by its effect: what fails after the response can't change the response.
#
# Another right way: for the order, wrap the application in a small ASGI one
# that notes each message which is sent, let the fake note its call in the same
# list, and give the wrapper to `client_for`.
