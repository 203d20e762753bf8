"""Checks of exercise 3: logger, clock and work come from outside."""

import logging
import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from types import ModuleType

import pytest

from checks.asgi import Client
from checks.fakes import Clock, Work
from checks.loggers import Remember, logger_for, remembered_records

ADA, BOB = "ada@example.com", "bob@example.com"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:[+-]\d\d:\d\d)?")


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
    """Give a clock that stands still, in a zone of its own."""
    return Clock(timezone(timedelta(hours=5, minutes=30)))


@pytest.fixture
def log(client: Client) -> Remember:
    """Remember what is logged, and how many responses were sent by then."""
    return Remember(lambda: client.responses)


def shown(printed: str, messages: list[str]) -> Counter[str]:
    """Count the lines of each message, in whatever form they are printed."""
    found: Counter[str] = Counter()
    for line in printed.splitlines():
        of_it = [m for m in set(messages) if letters(m) in letters(line)]
        if of_it:
            found[max(of_it, key=len)] += 1
    return found


def letters(text: str) -> str:
    """Leave out what a format may change, such as quotes."""
    return re.sub(r"\W", "", text)


@pytest.mark.points(3)
def test_start_and_done_have_the_time_of_the_task(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """Each line has the time as it is just then, in the clock's own zone."""
    work = LongWork(client, clock)
    answer.app.dependency_overrides |= {
        answer.get_logger: lambda: logger_for(log),
        answer.get_clock: lambda: clock,
        answer.get_welcome_task: lambda: work.plain,
    }
    client.when_sent(lambda: clock.forward(hours=1))  # a slow network
    started = (clock.now + timedelta(hours=1)).isoformat()
    done = (clock.now + timedelta(hours=1, minutes=5)).isoformat()
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == {"message": "Welcome scheduled"}
    client.finish()
    assert client.errors == []
    assert work.emails == [ADA], (
        "the work is what get_welcome_task gives, called once in the task"
    )
    assert work.after == [1], "the work began before the response"
    starts, ends = log.that_say("start"), log.that_say("done")
    assert any(started in text for text in starts), (
        f"the work began at {started}, but the log says {starts}"
    )
    assert any(done in text for text in ends), (
        f"the work was done at {done}, but the log says {ends}"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_start_and_done_have_the_time_of_the_task")
def test_nothing_is_started_before_the_response(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """The log says "start" in the task: not before, not for a 422."""
    work = Work(client)
    answer.app.dependency_overrides |= {
        answer.get_logger: lambda: logger_for(log),
        answer.get_clock: lambda: clock,
        answer.get_welcome_task: lambda: work.plain,
    }
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    assert log.that_say("start")
    early = [r for sent, r in log.kept if not sent]
    too_early = [r for r in early if "start" in r.getMessage().lower()]
    assert not too_early, '"start" was logged before the response'
    log.kept.clear()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
    client.finish()
    assert log.that_say("start") + log.that_say("done") == [], (
        "nothing was started for these addresses"
    )
    assert work.emails == [ADA], "a refused address was welcomed"


@pytest.mark.points(3)
@pytest.mark.after("test_start_and_done_have_the_time_of_the_task")
def test_a_failure_is_logged_and_goes_on(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """One ERROR with the traceback, no "done", and the same exception."""
    failure = ConnectionRefusedError("no mail server here")
    work = LongWork(client, clock, raises=failure)
    answer.app.dependency_overrides |= {
        answer.get_logger: lambda: logger_for(log),
        answer.get_clock: lambda: clock,
        answer.get_welcome_task: lambda: work.plain,
    }
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    assert work.emails == [ADA], "one call for the request"
    assert log.that_say("start")
    errors = [r for r in log.records if r.levelno >= logging.ERROR]
    shown = "\n".join(logging.Formatter().format(each) for each in errors)
    assert "Traceback (most recent call last)" in shown, (
        "this is all that the log has at ERROR"
    )
    assert "ConnectionRefusedError: no mail server here" in shown
    said = [r.getMessage().partition("\n")[0] for r in log.records]
    done = [text for text in said if "done" in text.lower()]
    assert not done, "the work failed, and the log says that it is done"
    assert client.errors == [failure], "the exception itself has to go on"


@pytest.mark.points(2)
def test_each_line_appears_once(
    capfd: pytest.CaptureFixture[str], answer: ModuleType, client: Client
) -> None:
    """Three requests, nothing replaced: each INFO message is one line."""
    with remembered_records() as records:
        for _ in range(3):
            assert client.post(f"/welcome/{ADA}").status_code == 202
            client.finish()
    client.close()  # whoever writes in another thread is done now
    infos = [r.getMessage() for r in records if r.levelno == logging.INFO]
    infos = [text for text in infos if ISO.search(text)]
    lines = shown("\n".join(capfd.readouterr()), infos)
    for word in ("start", "done"):
        said = [text for text in infos if word in text.lower()]
        assert len(said) >= 3, (
            f"after three requests there are {len(said)} INFO records with a"
            f" time that say {word!r}"
        )
        often = {lines[text] // infos.count(text) for text in said}
        how_often = " or ".join(map(str, sorted(often)))
        assert often == {1}, (
            f"each INFO record that says {word!r} has to be one line on"
            f" stderr or stdout, and was printed {how_often} times: has the"
            " logger one handler?"
        )
        for text in said:
            times = [datetime.fromisoformat(x) for x in ISO.findall(text)]
            assert any(each.tzinfo for each in times), (
                f"a time without its zone: {text}"
            )


@pytest.mark.points(1)
@pytest.mark.after("test_start_and_done_have_the_time_of_the_task")
def test_requests_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client, clock: Clock, log: Remember
) -> None:
    """Both endpoints have run before the first task begins."""
    work = Work(client)
    answer.app.dependency_overrides |= {
        answer.get_logger: lambda: logger_for(log),
        answer.get_clock: lambda: clock,
        answer.get_welcome_task: lambda: work.plain,
    }
    responses = client.post_together(f"/welcome/{ADA}", f"/welcome/{BOB}")
    assert [each.status_code for each in responses] == [202, 202]
    client.finish()
    assert len(set(work.emails)) == 2, "each of them is welcomed"
    assert sorted(work.emails) == [ADA, BOB]
    assert len(log.that_say("start")) >= len(work.emails)
