"""Checks of exercise 1: the response comes first, then the work."""

from types import ModuleType

import pytest

from checks.asgi import Client
from checks.blocking import Blocking
from checks.expect import called, expect, listed, reached, times
from checks.fakes import Work

ADA, BOB = "ada@example.com", "bob@example.com"
SCHEDULED = {"message": "Welcome scheduled"}
NOT_CALLED = (
    "no background task that the server waits for has called it (the check"
    " puts another function in its place)"
)
LOST = (
    "possible reasons: a thread of your own or create_task, for which the"
    " server does not wait; a function that only returns `send_welcome`; a"
    " name that was used at import, before the check replaced it"
)


def expect_after_the_response(work: Work) -> None:
    """Fail if a call began before the response was complete."""
    expect(
        all(work.after),
        "the response is sent before `send_welcome` begins",
        "`send_welcome` began first, so the client waits for it",
    )


def expect_calls(work: Work, *emails: str) -> None:
    """Fail unless it was called once for each of these, in any order."""
    expect(
        sorted(work.emails, key=repr) == sorted(emails, key=repr),
        f"`send_welcome` is called {times(len(emails))}, for {listed(emails)}",
        f"it was {called(sorted(work.emails, key=repr))}",
    )


@pytest.mark.points(2)
def test_the_response_comes_before_the_work(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client has its whole response before `send_welcome` begins.

    As long as the response waits for the mail server, people see nothing and
    press the button again.
    """
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == SCHEDULED
    client.finish()
    expect(
        work.emails,
        "`send_welcome` is called after the response",
        NOT_CALLED,
        LOST,
    )
    expect(
        set(work.emails) == {ADA},
        f"`send_welcome` gets the address of the request, {ADA}",
        f"it got {listed(work.emails)}",
    )
    expect_after_the_response(work)
    expect(
        client.errors == [],
        "the work succeeds, so no exception reaches the server",
        reached(client.errors[-1:]),
    )


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_each_request_is_welcomed_once(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three requests are three calls, each with its own address.

    A task that is added twice, or kept for the next request, sends the same
    mail again.
    """
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    for email in (ADA, BOB, ADA):
        assert client.post(f"/welcome/{email}").status_code == 202
        client.finish()
    expect_calls(work, ADA, BOB, ADA)
    expect_after_the_response(work)


@pytest.mark.points(3)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_the_server_hears_of_a_failure(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server waits for the work and gets the exception that it raises.

    The client already has its 202. If the server does not get the exception,
    nobody learns that the mail was not sent.
    """
    failure = ConnectionRefusedError("no mail server here")
    work = Work(client, raises=failure, held=True)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    expect(work.begun.wait(5), "`send_welcome` is called", NOT_CALLED, LOST)
    work.go.set()
    client.finish()
    expect(
        client.errors == [failure],
        "what `send_welcome` raises reaches the server",
        f"`send_welcome` raised {failure!r}, {reached(client.errors)}",
    )
    expect_calls(work, ADA)
    expect(
        work.running == [1],
        "the server waits for the work before the request is over",
        "the request was over before the work was",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_an_invalid_address_starts_nothing(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invalid address is answered with 422, and nothing is sent to it.

    A client that gets a 422 expects that no mail was sent.
    """
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
        client.finish()
    expect_calls(work, ADA)
    expect_after_the_response(work)


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_requests_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two requests at the same time send to their own addresses.

    Two people press the button in the same second. If one request keeps its
    address in a variable of the module, the other one overwrites it.
    """
    work = Work(client)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    responses = client.post_together(f"/welcome/{ADA}", f"/welcome/{BOB}")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    expect_calls(work, ADA, BOB)
    expect_after_the_response(work)


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_comes_before_the_work")
def test_others_are_answered_while_it_works(
    blocking: Blocking,
    answer: ModuleType,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work blocks, so it does not run on the event loop.

    The event loop answers everybody. Work that blocks it for three seconds
    keeps all other clients waiting for three seconds.
    """
    work = Work(client)
    client.get("/")  # the server starts
    before = client.loop_seconds()
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    blocked = blocking.why(client, before)
    monkeypatch.setattr(answer, "send_welcome", work.plain)
    assert client.post(f"/welcome/{BOB}").status_code == 202
    client.finish()
    expect(work.emails, "`send_welcome` is called", NOT_CALLED, LOST)
    expect(
        not blocked and not work.on_the_loop,
        "while `send_welcome` works, the server answers others",
        "`send_welcome` ran on the event loop, which answers nobody meanwhile"
        + (f": {blocked}" if blocked else ""),
        "an `async def` runs on the event loop; a `def` that is given to"
        " `add_task` runs in a worker thread",
    )
