"""A request that is repeated with its Idempotency-Key is done once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from stages.s06_at_work.app import app
from stages.s06_at_work.mail import get_email_service
from tests.servers import Live

TWO = {"subject": "Hello", "body": "Hi!", "recipients": ["a@b.de", "b@b.de"]}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}


@pytest.fixture(autouse=True)
def sent() -> list[str]:
    """Let e-mail go to a list."""
    recipients: list[str] = []
    app.dependency_overrides[get_email_service] = lambda: (
        lambda content, _: recipients.extend(content.recipients)
    )
    return recipients


@pytest.mark.parametrize(
    "path", ["/run-task/report", "/send-notification/ada@example.com"]
)
def test_a_repeated_request_finds_the_first(
    client: TestClient, path: str
) -> None:
    """Its answer is the same success, and there is one task."""
    first = client.post(path, headers=KEY)
    second = client.post(path, headers=KEY)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert len(client.get("/task-logs/").json()) == 1


def test_a_request_of_many_tasks_is_repeated_as_one(
    client: TestClient, sent: list[str]
) -> None:
    """The key is that of all its rows."""
    for _ in range(2):
        response = client.post("/send-email/", json=TWO, headers=KEY)
        assert response.json()["status"] == "success"
    assert sent == TWO["recipients"]


def test_a_key_of_another_request_is_a_422(client: TestClient) -> None:
    """Another body or path is another request: the key was used before."""
    client.post("/send-email/", json=TWO, headers=KEY)
    other = TWO | {"subject": "Goodbye"}
    for response in (
        client.post("/send-email/", json=other, headers=KEY),
        client.post("/run-task/report", headers=KEY),
    ):
        assert response.status_code == 422
        assert "Idempotency-Key" in response.json()["detail"]
    assert len(client.get("/task-logs/").json()) == 2


def test_two_at_once_are_done_once(
    database: str, live: Live, sent: list[str]
) -> None:
    """The database decides who is first; both are a success."""
    with live(app) as browser, ThreadPoolExecutor(8) as pool:
        responses = pool.map(
            lambda _: browser.post("/send-email/", json=TWO, headers=KEY),
            range(8),
        )
        assert {response.status_code for response in responses} == {200}
    assert sorted(sent) == TWO["recipients"]


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "é"])
def test_a_key_is_short_and_visible(client: TestClient, key: str) -> None:
    """What is no key is refused, and not taken for none."""
    headers = {"Idempotency-Key": key.encode("latin-1")}
    response = client.post("/run-task/report", headers=headers)
    assert response.status_code == 422


def test_without_a_key_each_request_is_another(client: TestClient) -> None:
    """Two equal requests are two tasks."""
    for _ in range(2):
        client.post("/run-task/report")
    assert len(client.get("/task-logs/").json()) == 2
