"""Checks of exercise 8: who gets a task, who does not, and until when."""

import inspect
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from fastapi import Depends

from checks.answers import imported
from checks.asgi import Client
from checks.expect import called, expect, listed
from checks.rate_fakes import Bucket, Seconds, Sent
from checks.resolve import resolved
from checks.turns import HOLD, Turns

ADA, BOB = "ada@example.com", "bob@example.com"
TAKEN = 0.0  # what try_take returns when it has taken
MEET = 0.5  # seconds after which nobody else is expected


@pytest.fixture
def clock() -> Seconds:
    """Give a clock that stands still until it is moved."""
    return Seconds()


@pytest.fixture
def sent(client: Client) -> Sent:
    """Give a task that remembers each message."""
    return Sent(client)


def takes(bucket: Any, times: int, *tokens: int) -> list[Any]:
    """Ask so many times, for one token or so many; return the answers.

    They are rounded: the last digits of a float are nobody's concern.
    """
    said = [bucket.try_take(*tokens) for _ in range(times)]
    coroutines = [each for each in said if inspect.iscoroutine(each)]
    for each in coroutines:
        each.close()
    expect(
        not coroutines,
        "try_take is a plain `def` and returns a number",
        "it is an `async def` and returned a coroutine",
    )
    return [round(x, 6) if isinstance(x, float) else x for x in said]


def expect_waits(
    bucket: Any, waits: list[float], when: str, tokens: int = 1
) -> None:
    """Fail unless try_take returns these, one after the other."""
    answers = takes(bucket, len(waits), tokens)
    call = "try_take()" if tokens == 1 else f"try_take({tokens})"
    expect(
        answers == waits,
        f"{when}: {call} returns {seconds(waits)}",
        f"it returned {seconds(answers)}",
        "0.0 means that the tokens were taken, another number how many"
        " seconds to wait",
    )


def seconds(answers: list[Any]) -> str:
    """Write what try_take returned, one call after the other."""
    return ", then ".join(map(repr, answers))


def expect_notified(sent: Sent, *emails: str) -> None:
    """Fail unless the task was called once for each of these."""
    found = [email for email, _ in sent]
    expect(
        found == [*emails],
        f"the task that get_notification_task gives runs for"
        f" {listed(emails, 'nobody')}",
        f"it was {called(found)}",
    )


@pytest.mark.points(2)
def test_a_full_bucket_allows_a_burst(answer: ModuleType) -> None:
    """A new bucket is full: it gives all its tokens at once, and no more.

    After a quiet time, the provider allows a burst.
    """
    for now in (0.0, 64.0):
        bucket = answer.TokenBucket(4, 0.5, Seconds(now))
        expect_waits(bucket, [TAKEN] * 4, "a new bucket for 4 is full")
        expect_waits(bucket, [2.0], "it is empty, and gets 0.5 a second")


@pytest.mark.points(2)
@pytest.mark.after("test_a_full_bucket_allows_a_burst")
def test_a_refusal_takes_nothing(answer: ModuleType, clock: Seconds) -> None:
    """A refusal leaves the bucket as it was.

    Otherwise a client that keeps asking keeps all others out.
    """
    bucket = answer.TokenBucket(4, 0.5, clock)
    expect_waits(bucket, [TAKEN], "the bucket holds 4 tokens", 3)
    expect_waits(
        bucket, [4.0] * 4, "the bucket holds 1 token, and gets 0.5 a second", 3
    )
    expect_waits(
        bucket, [TAKEN], "the refusals took nothing: it still holds 1"
    )
    expect_waits(bucket, [2.0] * 3, "it is empty, and gets 0.5 a second")


@pytest.mark.points(2)
@pytest.mark.after("test_a_full_bucket_allows_a_burst")
def test_tokens_come_back_bit_by_bit(
    answer: ModuleType, clock: Seconds
) -> None:
    """Tokens come back with the time, fractions too, and not by asking.

    How often a client asks must not change how much it gets.
    """
    bucket = answer.TokenBucket(4, 0.5, clock)
    takes(bucket, 4)
    waits = []
    for _ in range(8):  # every quarter of a second, for two seconds
        waits += takes(bucket, 1)
        clock.forward(0.25)
    wanted = [2.0, 1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25]
    expect(
        waits == wanted,
        "asked every 0.25 s, an empty bucket that gets 0.5 a second returns"
        f" {seconds(wanted)}",
        f"it returned {seconds(waits)}",
    )
    expect_waits(bucket, [TAKEN], "2 seconds at 0.5 a second are a token")
    expect_waits(bucket, [2.0], "they are no more than one token")
    fast = answer.TokenBucket(4, 8.0, clock)
    takes(fast, 4)
    clock.forward(0.25)
    expect_waits(fast, [TAKEN] * 2, "0.25 s at 8 a second are two tokens")
    expect_waits(fast, [0.125], "it is empty, and gets 8 a second")


@pytest.mark.points(1)
@pytest.mark.after("test_tokens_come_back_bit_by_bit")
def test_an_idle_bucket_does_not_overflow(
    answer: ModuleType, clock: Seconds
) -> None:
    """After a long pause the bucket is full, and not more than full.

    Otherwise a quiet night allows a burst that the provider refuses.
    """
    bucket = answer.TokenBucket(4, 0.5, clock)
    for before in ("full", "empty"):
        clock.forward(1024.0)
        when = f"a bucket for 4 was {before}, 1024 seconds ago"
        expect_waits(bucket, [TAKEN] * 4, when)
        expect_waits(bucket, [2.0], f"{when}, and 4 were taken")


@pytest.mark.points(2)
@pytest.mark.after("test_tokens_come_back_bit_by_bit")
def test_a_clock_that_goes_back_changes_nothing(
    answer: ModuleType, clock: Seconds
) -> None:
    """If the clock goes back, no token comes or goes, and no wait grows.

    A machine's clock is corrected now and then.
    """
    bucket = answer.TokenBucket(4, 0.5, clock)
    takes(bucket, 2)
    clock.forward(-16.0)
    when = "2 tokens are there, and the clock goes back by 16 s"
    expect_waits(bucket, [TAKEN] * 2, when)
    for back in (0.0, -16.0):
        clock.forward(back)
        (wait,) = takes(bucket, 1)
        expect(
            0 < wait <= 2.0,
            "the bucket is empty, gets 0.5 a second, and the clock went back:"
            " try_take() returns more than 0, and at most 2.0",
            f"it returned {wait!r}",
        )
    clock.now = 64.0  # where it was before it went back
    for _ in range(3):
        clock.forward(2.0)
        when = "the clock is 2 s past its highest time"
        expect_waits(bucket, [TAKEN], when)


@pytest.mark.points(2)
@pytest.mark.after("test_tokens_come_back_bit_by_bit")
def test_two_threads_never_get_the_same_token(
    answer: ModuleType, clock: Seconds
) -> None:
    """While one thread is in try_take, another cannot take its token.

    A `def` dependency runs in a worker thread, so two requests can be in
    try_take at once.
    """
    for stop in range(1, 800):  # try_take has fewer steps than that
        there = 1 + stop % 2
        bucket = answer.TokenBucket(4, 0.5, clock)
        takes(bucket, 4)
        clock.forward(2.0 * there)  # and now there are so many again
        turns = Turns(bucket.try_take, answer.__file__, (stop + 1) // 2)
        expect(
            turns.ended,
            "try_take returns",
            f"it did not within {HOLD:g} s",
            "does a thread wait for a lock that it holds already?",
        )
        if not turns.stopped:
            break
        for result in turns.results:
            if isinstance(result, Exception):
                raise result
        got = turns.results.count(TAKEN)
        expect(
            got == there,
            f"the bucket holds {there}, and two threads ask for a token at the"
            f" same time: {'one gets it' if there == 1 else 'both get one'}",
            ["neither got one", "only one got one", "both got one"][got],
        )


@pytest.mark.points(1)
def test_an_impossible_bucket_is_not_made(
    answer: ModuleType, clock: Seconds
) -> None:
    """A capacity below 1, or a rate of 0 or less, raises a ValueError.

    Such a bucket refuses every request, and nobody sees why.
    """
    impossible = [(0, 1.0), (-1, 1.0), (4, 0.0), (4, -0.5)]
    refused = []
    for capacity, rate in impossible:
        try:
            answer.TokenBucket(capacity, rate, clock)
        except ValueError:
            refused.append((capacity, rate))
    expect(
        refused == impossible,
        f"each of these (capacity, rate) raises a ValueError: {impossible}",
        f"these do: {listed(refused, 'none')}",
    )
    smallest = answer.TokenBucket(1, 0.25, clock)
    expect_waits(smallest, [TAKEN], "a bucket for 1 is full")


@pytest.mark.points(1)
def test_each_request_takes_one_token(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """Each request calls try_take once, and then the task runs.

    A bucket that is asked twice loses two tokens for one mail.
    """
    bucket = Bucket()
    answer.app.dependency_overrides |= {
        answer.get_bucket: lambda: bucket,
        answer.get_notification_task: lambda: sent.awaited,
    }
    for email in (ADA, BOB):
        response = client.post(f"/send-notification/{email}")
        assert response.status_code == 202
        client.finish()
    expect_notified(sent, ADA, BOB)
    expect(
        sent.after == [1, 2],
        "the response is sent before the task begins",
        "the task began first, so the client waits for it",
    )
    expect(
        bucket.asked == [1, 1],
        "each request asks the bucket that get_bucket gives once, for 1 token",
        f"two requests asked for {listed(bucket.asked, 'no token')}",
    )


@pytest.mark.points(2)
def test_retry_after_is_rounded_up(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """Retry-After is a whole number of seconds, rounded up, at least 1.

    A client that comes back too early is refused again.
    """
    bucket = Bucket()
    answer.app.dependency_overrides |= {
        answer.get_bucket: lambda: bucket,
        answer.get_notification_task: lambda: sent,
    }
    told = {2.0: "2", 1.25: "2", 59.5: "60", 0.25: "1", 0.0001: "1"}
    for bucket.wait, header in told.items():
        refused = client.post(f"/send-notification/{ADA}")
        assert refused.status_code == 429, "the bucket had no token"
        found = refused.headers.get("retry-after")
        expect(
            found == header,
            f"try_take returned {bucket.wait:g} seconds: Retry-After is"
            f" {header}",
            f"Retry-After is {found}",
        )
    client.finish()
    expect_notified(sent)


@pytest.mark.points(2)
@pytest.mark.after("test_a_full_bucket_allows_a_burst")
def test_a_refused_request_starts_no_task(
    answer: ModuleType, client: Client, clock: Seconds, sent: Sent
) -> None:
    """A refused request is answered with 429, and no task runs.

    If refused requests still send their mail, nothing is limited.
    """
    answer.app.dependency_overrides |= {
        answer.get_clock: lambda: clock,
        answer.get_notification_task: lambda: sent,
    }
    for number in range(answer.CAPACITY):
        path = f"/send-notification/{ADA}?message={number}"
        accepted = client.post(path)
        assert accepted.status_code == 202, "there was a token for it"
        client.use_another_thread()
    refused = client.post(f"/send-notification/{BOB}")
    assert refused.status_code == 429, "one bucket is there for everybody"
    found = refused.headers.get("retry-after")
    expect(
        found == "2",
        "the bucket is empty, and gets 0.5 a second: Retry-After is 2",
        f"Retry-After is {found}",
    )
    client.finish()  # a task that was started all the same would show now
    expect_notified(sent, *[ADA] * answer.CAPACITY)


@pytest.mark.points(1)
@pytest.mark.after("test_a_refused_request_starts_no_task")
def test_the_bucket_goes_by_the_clock_that_is_provided(
    answer: ModuleType, client: Client, clock: Seconds, sent: Sent
) -> None:
    """Two seconds on the provided clock allow one more notification.

    A bucket that ignores the provided clock can only be tested by waiting.
    """
    answer.app.dependency_overrides |= {
        answer.get_clock: lambda: clock,
        answer.get_notification_task: lambda: sent,
    }

    def statuses(number: int) -> list[int]:
        path = f"/send-notification/{ADA}"
        return [client.post(path).status_code for _ in range(number)]

    full = [202] * answer.CAPACITY
    for later, wanted, when in (
        (0.0, [*full, 429], "at first the bucket is full"),
        (2.0, [202, 429], "2 seconds later on the clock, one token is there"),
        (1024.0, [*full, 429], "1024 seconds later it is full"),
    ):
        clock.forward(later)
        found = statuses(len(wanted))
        expect(
            found == wanted,
            f"{when}: the requests are answered with {listed(wanted)}",
            f"they were answered with {listed(found)}",
        )


class MeetingClock(Seconds):
    """A clock that two requests read at the same moment, if they can.

    The first reading waits until another thread reads as well, unless it is
    on the event loop, where nothing else can run meanwhile.
    """

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.requests, self.two = count(1), threading.Event()
        self.both = threading.Barrier(2)

    def provide(self) -> "MeetingClock":
        """Be what get_clock gives."""
        if next(self.requests) == 2:
            self.two.set()
        return self

    def __call__(self) -> float:
        """Tell the time, to two at once if two come."""
        if not self.client.on_the_loop and not self.both.broken:
            self.two.wait(HOLD)
            with suppress(threading.BrokenBarrierError):
                self.both.wait(MEET)  # in vain, if a lock keeps others out
            self.both.abort()
        return super().__call__()


def expect_one_bucket(answer: ModuleType) -> None:
    """Fail if a thread that stops in get_bucket lets another make one too."""
    for stop in range(1, 400, 2):  # get_bucket has fewer steps than that
        with imported(Path(str(answer.__file__))) as anew:
            replaced = {anew.get_clock: Seconds()}
            values = partial(resolved, anew.get_bucket, anew.app, replaced)
            turns = Turns(values, answer.__file__, stop)
            given = [
                each[anew.get_bucket]
                for each in turns.results
                if isinstance(each, dict)
            ]
        if not turns.stopped or len(given) < len(turns.results):
            return  # it needs the event loop, or what a lifespan brings
        expect(
            turns.ended and given[0] is given[-1],
            "two first requests get the same bucket from get_bucket",
            "each got a bucket of its own",
            "two threads ran get_bucket at the same time",
        )


@pytest.mark.points(1)
@pytest.mark.after("test_a_refused_request_starts_no_task")
def test_first_requests_at_the_same_time_share_one_bucket(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """Two first requests at the same time get the same bucket.

    FastAPI calls a `def` dependency in a worker thread. If two first requests
    both find no bucket, each makes one, and one of the two is forgotten.
    """
    expect_one_bucket(answer)
    clock = MeetingClock(client)
    answer.app.dependency_overrides |= {
        answer.get_clock: clock.provide,
        answer.get_notification_task: lambda: sent,
    }
    path, more = f"/send-notification/{ADA}", answer.CAPACITY + 1
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(client.post, [path] * 2))
    statuses = [each.status_code for each in both]
    statuses += [client.post(path).status_code for _ in range(more)]
    accepted = statuses.count(202)
    expect(
        accepted == answer.CAPACITY,
        f"of {more + 2} requests at one moment, {answer.CAPACITY} are accepted,"
        " as CAPACITY says",
        f"{accepted} were accepted: the first two had two buckets",
    )


@pytest.mark.points(1)
def test_an_invalid_address_starts_nothing(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """An invalid address is answered with 422, and no task runs.

    A client that gets a 422 expects that no mail was sent.
    """
    bucket = Bucket()
    answer.app.dependency_overrides |= {
        answer.get_bucket: lambda: bucket,
        answer.get_notification_task: lambda: sent,
    }
    assert client.post(f"/send-notification/{ADA}").status_code == 202
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        response = client.post(f"/send-notification/{wrong}")
        assert response.status_code == 422, f"{wrong} is no address"
    client.finish()
    expect_notified(sent, ADA)


@pytest.mark.points(1)
def test_without_an_override_the_clock_is_monotonic(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """get_clock gives time.monotonic, or a clock that shows the same.

    time.time can be set back; time.monotonic cannot.
    """
    bucket, given = Bucket(), []

    def provide(
        clock: Annotated[Callable[[], float], Depends(answer.get_clock)],
    ) -> Sent:
        given.append(clock)
        return sent

    answer.app.dependency_overrides |= {
        answer.get_bucket: lambda: bucket,
        answer.get_notification_task: provide,
    }
    assert client.post(f"/send-notification/{ADA}").status_code == 202
    expect(
        callable(given[0]),
        "get_clock gives a clock, a function that returns the time",
        f"it gave a {type(given[0]).__name__}",
    )
    before, now, after = time.monotonic(), given[0](), time.monotonic()
    expect(
        before - 0.01 <= now <= after + 0.01,
        "the clock gives the same seconds as time.monotonic",
        "it gives other ones",
        "a clock that can be set back is no good here",
    )
