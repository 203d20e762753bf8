"""Checks of exercise 2: one override replaces the work."""

from collections.abc import Callable
from types import ModuleType

import pytest

from checks.asgi import Client
from checks.fakes import Work

ADA, BOB = "ada@example.com", "bob@example.com"
SCHEDULED = {"message": "Welcome scheduled"}
ONCE = (
    "what the override gives is to be called once for each request: overrides"
    " reach what is asked for by Depends(get_welcome_task), but neither a call"
    " by hand nor a function's name"
)
AWAITED = (
    "an async task that is called is a coroutine, which does nothing until it"
    " is awaited: add_task does so if it is given the task itself"
)


@pytest.mark.points(2)
def test_an_override_replaces_the_work(
    answer: ModuleType, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """The other function runs, after the response; the original is silent."""
    work = Work(client)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_welcome_task] = lambda: work.plain
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == SCHEDULED
    client.finish()
    assert work.emails == [ADA], ONCE
    assert work.after == [1], "the task began before the response"
    assert client.errors == []
    assert "Welcome, " not in capfd.readouterr().out, "the original ran, too"


@pytest.mark.points(1)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_an_async_task_is_awaited(answer: ModuleType, client: Client) -> None:
    """Whoever replaces the task may write it with `async def`, errors too."""
    failure = ConnectionRefusedError("no mail server here")
    work = Work(client, raises=failure)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_welcome_task] = lambda: work.awaited
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    assert work.emails == [ADA], AWAITED
    assert work.after == [1], "the task began before the response"
    assert client.errors == [failure], (
        "the task raised it, and it did not reach the server"
    )


@pytest.mark.points(1)
def test_without_an_override_the_original_runs(
    answer: ModuleType, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """The welcome is printed once, after the response."""
    before: list[str] = []
    client.when_sent(lambda: before.append(capfd.readouterr().out))
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    assert "Welcome, " not in before[0], "it ran before the response"
    printed = capfd.readouterr().out
    assert printed.count(f"Welcome, {ADA}!") == 1, (
        "so often was it printed after the response"
    )


@pytest.mark.points(2)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_each_request_runs_what_it_was_given(
    answer: ModuleType, client: Client
) -> None:
    """What was provided for one request is not kept for the next."""
    given: list[Work] = []

    def provide() -> Callable[[str], object]:
        given.append(Work(client))
        return given[-1].plain

    answer.app.dependency_overrides[answer.get_welcome_task] = provide
    for email in (ADA, BOB):
        assert client.post(f"/welcome/{email}").status_code == 202
        client.finish()
    assert [work.emails for work in given if work.emails] == [[ADA], [BOB]], (
        "each request is to run, once, what was provided for it"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_the_server_hears_of_a_failure(
    answer: ModuleType, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """The client has its 202, the exception leaves the application."""
    failure = ConnectionRefusedError("no mail server here")
    work = Work(client, raises=failure, held=True)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_welcome_task] = lambda: work.plain
    assert client.post(f"/welcome/{ADA}").status_code == 202
    assert work.begun.wait(5), "the task was never called"
    work.go.set()
    client.finish()
    assert client.errors == [failure], (
        "the task raised it, and it did not reach the server"
    )
    assert work.running == [1], "the request was over before the work was"
    assert "Welcome, " not in capfd.readouterr().out, "the original ran, too"


@pytest.mark.points(1)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_an_invalid_address_starts_nothing(
    answer: ModuleType, client: Client
) -> None:
    """422, and no task, although the dependency is called."""
    work = Work(client)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_welcome_task] = lambda: work.plain
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
        client.finish()
    assert work.emails == [ADA], "a refused address was welcomed"


@pytest.mark.points(2)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_requests_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client
) -> None:
    """Both endpoints have run before the first task begins."""
    work = Work(client)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_welcome_task] = lambda: work.awaited
    responses = client.post_together(f"/welcome/{ADA}", f"/welcome/{BOB}")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    assert len(set(work.emails)) == 2, (
        "so many of the two addresses were welcomed"
    )
    assert sorted(work.emails) == [ADA, BOB], "one call for each request"
    assert all(work.after), "a task began before its response"
