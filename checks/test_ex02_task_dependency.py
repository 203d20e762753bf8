"""Checks of exercise 2: one override replaces the work."""

import inspect
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import Request

from checks.answers import imported
from checks.asgi import Client
from checks.blocking import Blocking
from checks.expect import called, expect, how_often, listed, reached, times
from checks.fakes import Work

ADA, BOB = "ada@example.com", "bob@example.com"
SCHEDULED = {"message": "Welcome scheduled"}
BY_DEPENDS = (
    "an override replaces what the endpoint asks for by"
    " Depends(get_welcome_task). It replaces neither a call by hand nor a"
    " function's name"
)
AWAITED = (
    "an `async def` task that is called returns a coroutine, which does"
    " nothing until it is awaited: add_task does so if it gets the task itself"
)


def replace_by(answer: ModuleType, task: Callable[[str], object]) -> None:
    """Make get_welcome_task return this task."""
    overrides = answer.app.dependency_overrides
    overrides[answer.get_welcome_task] = lambda: task


def expect_calls(work: Work, *emails: str, why: str = BY_DEPENDS) -> None:
    """Fail unless the override's task was called once for each of these."""
    expect(
        sorted(work.emails, key=repr) == sorted(emails, key=repr),
        f"the task that the override gives is called {times(len(emails))},"
        f" for {listed(emails)}",
        f"it was {called(sorted(work.emails, key=repr))}",
        why,
    )


def expect_after_the_response(work: Work) -> None:
    """Fail if a call began before the response was complete."""
    expect(
        all(work.after),
        "the response is sent before the task begins",
        "the task began first, so the client waits for it",
    )


def expect_failure(client: Client, failure: Exception) -> None:
    """Fail unless this has reached the server."""
    expect(
        client.errors == [failure],
        "what the task raises reaches the server",
        f"the task raised {failure!r}, {reached(client.errors)}",
    )


def expect_silence(printed: str) -> None:
    """Fail if the module's own send_welcome has run."""
    expect(
        "Welcome, " not in printed,
        "`send_welcome` does not run: another task replaces it",
        "`send_welcome` ran too, and printed its line",
    )


@pytest.mark.points(2)
def test_an_override_replaces_the_work(
    answer: ModuleType, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """The replaced task runs after the response; the original never does.

    With one line, a test replaces the work, and patches nothing.
    """
    work = Work(client)
    replace_by(answer, work.plain)
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == SCHEDULED
    client.finish()
    expect_calls(work, ADA)
    expect_after_the_response(work)
    expect(
        client.errors == [],
        "the task succeeds, so no exception reaches the server",
        reached(client.errors[-1:]),
    )
    expect_silence(capfd.readouterr().out)


@pytest.mark.points(1)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_an_async_task_is_awaited(answer: ModuleType, client: Client) -> None:
    """The task that replaces it may be an `async def`, and it may raise.

    The endpoint cannot know which kind it gets; `add_task` can.
    """
    failure = ConnectionRefusedError("no mail server here")
    work = Work(client, raises=failure)
    replace_by(answer, work.awaited)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    expect_calls(work, ADA, why=AWAITED)
    expect_after_the_response(work)
    expect_failure(client, failure)


@pytest.mark.points(1)
def test_without_an_override_the_original_runs(
    answer: ModuleType, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """The welcome is printed once, after the response.

    In production nobody overrides anything: then the real task has to run.
    """
    before: list[str] = []
    client.when_sent(lambda: before.append(capfd.readouterr().out))
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    expect(
        "Welcome, " not in before[0],
        "the response is sent before `send_welcome` prints",
        "it printed first, so the client waits for it",
    )
    printed = capfd.readouterr().out.count(f"Welcome, {ADA}!")
    expect(
        printed == 1,
        f"after the response, `Welcome, {ADA}!` is printed once",
        f"it was {how_often('printed', printed)}",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_each_request_runs_what_it_was_given(
    answer: ModuleType, client: Client
) -> None:
    """Each request runs the task that was provided for it, and no other.

    A dependency may give another task each time, for example one that knows
    who is logged in. It may have parameters, which only FastAPI fills in.
    """
    given: list[Work] = []

    def provide(request: Request) -> Callable[[str], object]:
        given.append(Work(client))
        return given[-1].plain

    answer.app.dependency_overrides[answer.get_welcome_task] = provide
    for email in (ADA, BOB):
        response = client.post(f"/welcome/{email}")
        expect(
            not any("'request'" in str(each) for each in client.errors),
            "FastAPI calls what replaces get_welcome_task, and fills in its"
            " parameters",
            "it was called by hand, without the parameter `request`",
            BY_DEPENDS,
        )
        assert response.status_code == 202
        client.finish()
    ran = [work.emails for work in given if work.emails]
    expect(
        ran == [[ADA], [BOB]],
        f"two requests, two tasks: the first runs for {ADA}, the second for"
        f" {BOB}",
        f"the first ran for {listed(ran[0] if ran else [], 'nobody')}, the"
        f" second for {listed(ran[1] if len(ran) > 1 else [], 'nobody')}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_the_server_hears_of_a_failure(
    answer: ModuleType, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """The server waits for the task and gets the exception that it raises.

    If the server does not get the exception, nobody learns of the failure.
    """
    failure = ConnectionRefusedError("no mail server here")
    work = Work(client, raises=failure, held=True)
    replace_by(answer, work.plain)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    expect(
        work.begun.wait(5),
        "the task that the override gives is called",
        "it was not called as a background task, which the server waits for",
    )
    work.go.set()
    client.finish()
    expect_failure(client, failure)
    expect(
        work.running == [1],
        "the server waits for the task before the request is over",
        "the request was over before the task was",
    )
    expect_silence(capfd.readouterr().out)


@pytest.mark.points(1)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_an_invalid_address_starts_nothing(
    answer: ModuleType, client: Client
) -> None:
    """An invalid address is answered with 422, and no task runs.

    A client that gets a 422 expects that no mail was sent.
    """
    work = Work(client)
    replace_by(answer, work.plain)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
        client.finish()
    expect_calls(work, ADA)


@pytest.mark.points(2)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_requests_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client
) -> None:
    """Two requests at the same time send to their own addresses.

    If one request keeps its address in a variable of the module, the other one
    overwrites it.
    """
    work = Work(client)
    replace_by(answer, work.awaited)
    responses = client.post_together(f"/welcome/{ADA}", f"/welcome/{BOB}")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    expect_calls(work, ADA, BOB)
    expect_after_the_response(work)


def welcomed_in(monkeypatch: pytest.MonkeyPatch) -> set[int | None]:
    """Remember the threads in which a welcome will be printed."""
    threads: set[int | None] = set()
    write = sys.stdout.write

    def noted(text: str) -> int:
        if "Welcome, " in text:
            threads.add(threading.get_ident())
        return write(text)

    monkeypatch.setattr(sys.stdout, "write", noted)
    return threads


def blocked_by(
    answer: ModuleType, client: Client, threads: set[int | None]
) -> str:
    """Say what of the answer's own has run on the event loop, if any did."""
    if client.loop_thread not in threads:
        return ""
    if inspect.iscoroutinefunction(getattr(answer, "send_welcome", None)):
        return ""
    return "`send_welcome`, a `def`, was called on the event loop"


@pytest.mark.points(1)
@pytest.mark.after("test_an_override_replaces_the_work")
def test_others_are_answered_while_a_task_works(
    blocking: Blocking,
    answer: ModuleType,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task that blocks does not run on the event loop.

    A mail server may take seconds. On the event loop, the task would keep all
    other clients waiting.
    """
    threads = welcomed_in(monkeypatch)
    client.get("/")  # the server starts
    computed = client.loop_seconds()
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    blocked = blocking.why(client, computed)
    blocked = blocked or blocked_by(answer, client, threads)
    expect(
        not blocked,
        "while the task works, the server answers others",
        blocked,
        "an `async def` task runs on the event loop, so nothing in it may"
        " block; a `def` that is given to add_task runs in a worker thread",
    )
    with imported(Path(str(answer.__file__))) as anew, Client(anew.app) as own:
        work = Work(own)
        replace_by(anew, work.plain)
        assert own.post(f"/welcome/{ADA}").status_code == 202
        own.finish()
    expect(
        work.emails,
        "the task that the override gives is called",
        "it was not called",
        BY_DEPENDS,
    )
    expect(
        not work.on_the_loop,
        "while a `def` task works, the server answers others",
        "the task ran on the event loop, which answers nobody meanwhile",
        "an `async def` that calls it runs it on the event loop: give the"
        " task itself to add_task",
    )
