"""Checks of exercise 3: logger, clock and work come from outside."""

import inspect
import logging
import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from checks.answers import imported
from checks.asgi import Client
from checks.expect import called, expect, how_often, listed, reached, times
from checks.fakes import Clock, Work
from checks.loggers import (
    Remember,
    handlers,
    logger_for,
    logging_kept_apart,
    remembered_records,
)
from checks.resolve import NotInOneThreadError, resolved
from checks.turns import Turns

ADA, BOB = "ada@example.com", "bob@example.com"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:[+-]\d\d:\d\d)?")


class PaperError(Exception):
    """The exception of a work: one that no answer could know."""


class LongWork(Work):
    """Work that takes five minutes on a clock."""

    def __init__(
        self, client: Client, clock: Clock, raises: Exception | None = None
    ) -> None:
        super().__init__(client, raises)
        self.clock = clock

    def plain(self, email: str) -> None:
        """Remember the call, and let the time pass."""
        try:
            super().plain(email)
        finally:
            self.clock.forward(minutes=5)


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still, in an unusual time zone."""
    return Clock(timezone(timedelta(hours=5, minutes=30)))


@pytest.fixture
def log(client: Client) -> Remember:
    """Remember what is logged, and how many responses were sent by then."""
    return Remember(lambda: client.responses)


def shown(printed: str, messages: list[str]) -> Counter[str]:
    """Count the lines of each message, in any format."""
    found: Counter[str] = Counter()
    for line in printed.splitlines():
        of_it = [m for m in set(messages) if letters(m) in letters(line)]
        if of_it:
            found[max(of_it, key=len)] += 1
    return found


def letters(text: str) -> str:
    """Leave out what a format may change, such as quotes."""
    return re.sub(r"\W", "", text)


def replaced(
    answer: ModuleType, log: Remember, clock: Clock, work: Work
) -> None:
    """Make the three dependencies return these."""
    answer.app.dependency_overrides |= {
        answer.get_logger: lambda: logger_for(log),
        answer.get_clock: lambda: clock,
        answer.get_welcome_task: lambda: work.plain,
    }


def expect_calls(work: Work, *emails: str) -> None:
    """Fail unless the work was called once for each of these."""
    expect(
        sorted(work.emails, key=repr) == sorted(emails, key=repr),
        f"the work that get_welcome_task gives is called"
        f" {times(len(emails))}, for {listed(emails)}",
        f"it was {called(sorted(work.emails, key=repr))}",
    )


def expect_said(log: Remember, word: str, at: str = "") -> None:
    """Fail unless a record says this word, with this time."""
    said = log.that_say(word)
    expect(
        any(at in text for text in said),
        f'a record says "{word}"' + (f" and the time {at}" if at else ""),
        f'the records with "{word}": {said}',
    )


@pytest.mark.points(3)
def test_start_and_done_have_the_time_of_the_task(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """Each record holds the time of that moment, in the clock's own zone.

    A time that was read before the response says when the request came, not
    when the work began.
    """
    work = LongWork(client, clock)
    replaced(answer, log, clock, work)
    client.when_sent(lambda: clock.forward(hours=1))  # a slow network
    started = (clock.now + timedelta(hours=1)).isoformat()
    done = (clock.now + timedelta(hours=1, minutes=5)).isoformat()
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == {"message": "Welcome scheduled"}
    client.finish()
    expect(
        client.errors == [],
        "the work succeeds, so no exception reaches the server",
        reached(client.errors[-1:]),
    )
    expect_calls(work, ADA)
    expect(
        work.after == [1],
        "the response is sent before the work begins",
        "the work began first, so the client waits for it",
    )
    expect_said(log, "start", started)
    expect_said(log, "done", done)


@pytest.mark.points(1)
@pytest.mark.after("test_start_and_done_have_the_time_of_the_task")
def test_nothing_is_started_before_the_response(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """The log says "start" in the task: not earlier, and not for a 422.

    FastAPI also calls the dependencies of a request that it refuses. A "start"
    that is logged there tells of work that never happens.
    """
    work = Work(client)
    replaced(answer, log, clock, work)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    expect_said(log, "start")
    early = [r.getMessage() for sent, r in log.kept if not sent]
    too_early = [text for text in early if "start" in text.lower()]
    expect(
        not too_early,
        'the response is sent before the log says "start"',
        f"before the response, it said {too_early}",
    )
    log.kept.clear()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
    client.finish()
    said = log.that_say("start") + log.that_say("done")
    expect(
        said == [],
        'for an invalid address, the log says neither "start" nor "done"',
        f"it said {said}",
    )
    expect_calls(work, ADA)


@pytest.mark.points(3)
@pytest.mark.after("test_start_and_done_have_the_time_of_the_task")
def test_a_failure_is_logged_and_goes_on(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """A failure is logged at ERROR with its traceback, then raised again.

    The log shows where it failed, and the server still gets the exception.
    """
    failure = PaperError("no paper in the printer")
    work = LongWork(client, clock, raises=failure)
    replaced(answer, log, clock, work)
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    expect_calls(work, ADA)
    expect_said(log, "start")
    errors = [r for r in log.records if r.levelno >= logging.ERROR]
    levels = [record.levelname for record in log.records]
    expect(
        errors,
        "the work raised: there is a record of level ERROR",
        f"the levels of the records: {listed(levels)}",
    )
    logged = "\n".join(logging.Formatter().format(each) for each in errors)
    traceback = "Traceback (most recent call last)", f"Error: {failure}"
    expect(
        all(part in logged for part in traceback),
        "an ERROR record holds the traceback of the exception",
        f"it holds no traceback: {logged}",
        "logger.exception adds the traceback",
    )
    said = [r.getMessage().partition("\n")[0] for r in log.records]
    done = [text for text in said if "done" in text.lower()]
    expect(
        not done,
        'the work failed, so no record says "done"',
        f"these do: {done}",
    )
    expect(
        client.errors == [failure],
        "the exception of the work reaches the server, unchanged",
        f"the work raised {failure!r}, {reached(client.errors)}",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_start_and_done_have_the_time_of_the_task")
def test_each_line_appears_once(
    capfd: pytest.CaptureFixture[str], client: Client
) -> None:
    """After three requests, each INFO record was printed once.

    A logger keeps its handlers: one that gets another handler with each
    request writes every line more often each time.
    """
    with remembered_records() as records:
        for _ in range(3):
            assert client.post(f"/welcome/{ADA}").status_code == 202
            client.finish()
    client.close()  # an answer that writes in another thread is done now
    infos = [r.getMessage() for r in records if r.levelno == logging.INFO]
    infos = [text for text in infos if ISO.search(text)]
    lines = shown("\n".join(capfd.readouterr()), infos)
    for word in ("start", "done"):
        said = [text for text in infos if word in text.lower()]
        expect(
            len(said) >= 3,
            f'each of three requests logs "{word}" and a time, at INFO',
            f"in all, it was {how_often('logged', len(said))}",
        )
        often = {lines[text] // infos.count(text) for text in said}
        expect(
            often == {1},
            f'each INFO record with "{word}" is printed once, to stderr or'
            " stdout",
            f"it was printed {' or '.join(map(times, sorted(often)))}",
            "has the logger one handler, and does it let INFO through?",
        )
        for text in said:
            times_ = [datetime.fromisoformat(x) for x in ISO.findall(text)]
            expect(
                any(each.tzinfo for each in times_),
                "a time in the log has its time zone",
                f"none in {text!r}",
            )


def welcomed(anew: ModuleType) -> logging.Logger:
    """Do what a request and its task do; return the logger."""
    values = resolved(anew.get_audit_task, anew.app, {})
    result = values[anew.get_audit_task](ADA)
    if inspect.iscoroutine(result):
        result.close()  # it runs on the event loop: nothing comes between
    return values[anew.get_logger]  # type: ignore[no-any-return]


@pytest.mark.points(1)
@pytest.mark.after("test_each_line_appears_once")
def test_first_requests_at_the_same_time_add_one_handler(
    answer: ModuleType,
) -> None:
    """Two first requests at the same time add no second handler.

    FastAPI calls a `def` dependency in a worker thread. If two first requests
    both find no handler, both add one, and every line is written twice.
    """
    path = Path(str(answer.__file__))
    alone = 0
    for stop in range(0, 600, 3):  # a request has fewer steps than that
        with logging_kept_apart(), imported(path) as anew:
            call = partial(welcomed, anew)
            if stop == 0:
                try:
                    alone = handlers(call())
                except NotInOneThreadError:
                    return
                continue
            turns = Turns(call, answer.__file__, stop)
            if not turns.stopped:
                return
            found = [
                handlers(each)
                for each in turns.results
                if isinstance(each, logging.Logger)
            ]
        expect(
            turns.ended and found == [alone, alone],
            "two first requests come at the same moment: the logger has as"
            f" many handlers as after one request, {alone}",
            f"it has {max(found, default=0)}",
            "two threads ran your code at the same time, and both added one."
            " Add the handler where no request runs: at the top of the module,"
            " or in the lifespan",
        )


@pytest.mark.points(1)
@pytest.mark.after("test_start_and_done_have_the_time_of_the_task")
def test_requests_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """Two requests at the same time work for their own addresses.

    If one request keeps its address in a variable of the module, the other one
    overwrites it.
    """
    work = Work(client)
    replaced(answer, log, clock, work)
    responses = client.post_together(f"/welcome/{ADA}", f"/welcome/{BOB}")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    expect_calls(work, ADA, BOB)
    said = len(log.that_say("start"))
    expect(
        said >= len(work.emails),
        'two tasks: two records say "start"',
        f"{said} do",
    )
