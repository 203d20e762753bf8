"""Checks of exercise 1: the response comes first, then the work."""

from types import ModuleType

import pytest

from checks.asgi import Client
from checks.fakes import Work

ADA, BOB = "ada@example.com", "bob@example.com"
SCHEDULED = {"message": "Welcome scheduled"}
ONCE = (
    "send_welcome is to be called once for each request, before the request"
    " is over: FastAPI does so with what is added to the BackgroundTasks that"
    " it hands to the endpoint, and waits for nothing else"
)


@pytest.mark.points(2)
def test_the_response_comes_before_the_work(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client has all of its answer when send_welcome begins."""
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == SCHEDULED
    client.finish()
    assert work.emails, "send_welcome was never called"
    assert set(work.emails) == {ADA}
    assert 0 not in work.after, "send_welcome began before the response"
    assert client.errors == []


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_each_request_is_welcomed_once(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three requests are three calls, each with its own address."""
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    for email in (ADA, BOB, ADA):
        assert client.post(f"/welcome/{email}").status_code == 202
        client.finish()
    assert work.emails == [ADA, BOB, ADA], ONCE
    assert work.after == [1, 2, 3], "each call comes after its response"


@pytest.mark.points(3)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_the_server_hears_of_a_failure(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the work, and what that raises leaves the application."""
    failure = ConnectionRefusedError("no mail server here")
    work = Work(client, raises=failure, held=True)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    assert work.begun.wait(5), "send_welcome was never called"
    work.go.set()
    client.finish()
    assert client.errors == [failure], (
        "the work raised it, and it did not reach the server"
    )
    assert work.emails == [ADA], ONCE
    assert work.running == [1], "the request was over before the work was"


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_an_invalid_address_starts_nothing(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """422, and nobody is welcomed: only the valid address is."""
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
        client.finish()
    assert work.emails == [ADA], "a refused address was welcomed"
    assert all(work.after), "send_welcome began before the response"


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_requests_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both endpoints have run before the first work begins."""
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    responses = client.post_together(f"/welcome/{ADA}", f"/welcome/{BOB}")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    assert len(set(work.emails)) == 2, (
        "so many of the two addresses were welcomed"
    )
    assert sorted(work.emails) == [ADA, BOB], ONCE
    assert all(work.after), "send_welcome began before the response"
