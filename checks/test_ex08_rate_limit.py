"""Checks of exercise 8: who gets a task, who does not, and until when."""

import inspect
import time
from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any

import pytest
from fastapi import Depends

from checks.asgi import Client
from checks.rate_fakes import Bucket, Seconds, Sent
from checks.turns import HOLD, Turns

ADA, BOB = "ada@example.com", "bob@example.com"
TAKEN = 0.0  # what try_take returns when it has taken


@pytest.fixture
def clock() -> Seconds:
    """Give a clock that stands still until it is moved."""
    return Seconds()


@pytest.fixture
def sent(client: Client) -> Sent:
    """Give a task that remembers what it was to send."""
    return Sent(client)


def takes(bucket: Any, times: int, *tokens: int) -> list[Any]:
    """Ask so many times, for one token or so many; return the answers.

    They are rounded: the last digits of a float are nobody's concern.
    """
    said = [bucket.try_take(*tokens) for _ in range(times)]
    coroutines = [each for each in said if inspect.iscoroutine(each)]
    for each in coroutines:
        each.close()
    assert not coroutines, "try_take is an `async def`: let it be a `def`"
    return [round(x, 6) if isinstance(x, float) else x for x in said]


@pytest.mark.points(2)
def test_a_full_bucket_allows_a_burst(answer: ModuleType) -> None:
    """A new one is full: so many at once, and then one more has to wait."""
    for now in (0.0, 64.0):
        bucket = answer.TokenBucket(4, 0.5, Seconds(now))
        assert takes(bucket, 4) == [TAKEN] * 4, "a new bucket is full"
        assert takes(bucket, 1) == [2.0], (
            "it is empty: at 0.5 a second, the next token takes 2 seconds"
        )


@pytest.mark.points(2)
@pytest.mark.after("test_a_full_bucket_allows_a_burst")
def test_a_refusal_takes_nothing(answer: ModuleType, clock: Seconds) -> None:
    """It leaves the bucket as it was, however often somebody asks."""
    bucket = answer.TokenBucket(4, 0.5, clock)
    assert takes(bucket, 1, 3) == [TAKEN]
    assert takes(bucket, 4, 3) == [4.0, 4.0, 4.0, 4.0], (
        "three are asked for and one is there: two more take 4 seconds"
    )
    assert takes(bucket, 1) == [TAKEN], "the one that was there is gone"
    assert takes(bucket, 3) == [2.0, 2.0, 2.0], "now it is empty"


@pytest.mark.points(2)
@pytest.mark.after("test_a_full_bucket_allows_a_burst")
def test_tokens_come_back_bit_by_bit(
    answer: ModuleType, clock: Seconds
) -> None:
    """Time makes them, a part of a second too; asking makes none."""
    bucket = answer.TokenBucket(4, 0.5, clock)
    takes(bucket, 4)
    waits = []
    for _ in range(8):  # every quarter of a second, for two seconds
        waits += takes(bucket, 1)
        clock.forward(0.25)
    assert waits == [2.0, 1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25], (
        "asked every quarter of a second: each wait is as much shorter"
    )
    assert takes(bucket, 1) == [TAKEN], "its two seconds are over"
    assert takes(bucket, 1) == [2.0], "two seconds make one token"
    fast = answer.TokenBucket(4, 8.0, clock)
    takes(fast, 4)
    clock.forward(0.25)
    assert takes(fast, 2) == [TAKEN] * 2, "at 8 a second, 0.25 s make two"
    assert takes(fast, 1) == [0.125], "at 8 a second, one takes 0.125 s"


@pytest.mark.points(1)
@pytest.mark.after("test_tokens_come_back_bit_by_bit")
def test_an_idle_bucket_does_not_overflow(
    answer: ModuleType, clock: Seconds
) -> None:
    """After a quarter of an hour there are as many as fit, and no more."""
    bucket = answer.TokenBucket(4, 0.5, clock)
    for waited in ("when it was full", "when it was empty"):
        clock.forward(1024.0)
        assert takes(bucket, 4) == [TAKEN] * 4, waited
        assert takes(bucket, 1) == [2.0], waited


@pytest.mark.points(2)
@pytest.mark.after("test_tokens_come_back_bit_by_bit")
def test_a_clock_that_goes_back_changes_nothing(
    answer: ModuleType, clock: Seconds
) -> None:
    """No token comes or goes by it, no wait grows, and then all goes on."""
    bucket = answer.TokenBucket(4, 0.5, clock)
    takes(bucket, 2)
    clock.forward(-16.0)
    assert takes(bucket, 2) == [TAKEN] * 2, "two were left before"
    for back in (0.0, -16.0):
        clock.forward(back)
        (wait,) = takes(bucket, 1)
        assert wait > 0, "none was left, and the clock only went back"
        assert wait <= 2.0, "no wait is longer than for one token"
    clock.now = 64.0  # where it was before it went back
    for _ in range(3):
        clock.forward(2.0)
        assert takes(bucket, 1) == [TAKEN], "it is past its highest time"


@pytest.mark.points(2)
@pytest.mark.after("test_tokens_come_back_bit_by_bit")
def test_two_threads_never_get_the_same_token(
    answer: ModuleType, clock: Seconds
) -> None:
    """Wherever one stops in try_take, the other passes or waits."""
    for stop in range(1, 400):  # try_take has fewer steps than that
        bucket = answer.TokenBucket(4, 0.5, clock)
        takes(bucket, 4)
        clock.forward(2.0)  # and now there is one again
        turns = Turns(bucket.try_take, answer.__file__, stop)
        assert turns.ended, f"try_take did not return within {HOLD:g} s"
        if not turns.stopped:
            break
        for result in turns.results:
            if isinstance(result, Exception):
                raise result
        got = turns.results.count(TAKEN)
        assert got == 1, (
            f"there was one token, and {got} of two threads got it: one had"
            " stopped inside try_take while the other came by"
        )


@pytest.mark.points(1)
def test_an_impossible_bucket_is_not_made(
    answer: ModuleType, clock: Seconds
) -> None:
    """Room for no token, or no refill: ValueError."""
    impossible = [(0, 1.0), (-1, 1.0), (4, 0.0), (4, -0.5)]
    refused = []
    for capacity, rate in impossible:
        try:
            answer.TokenBucket(capacity, rate, clock)
        except ValueError:
            refused.append((capacity, rate))
    assert refused == impossible, "(capacity, rate): each is a ValueError"
    smallest = answer.TokenBucket(1, 0.25, clock)
    assert takes(smallest, 1) == [TAKEN], "room for one is enough"


@pytest.mark.points(1)
def test_each_request_takes_one_token(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """The bucket is asked once, and then the task runs as it was given."""
    bucket = Bucket()
    answer.app.dependency_overrides |= {
        answer.get_bucket: lambda: bucket,
        answer.get_notification_task: lambda: sent.awaited,
    }
    for email in (ADA, BOB):
        response = client.post(f"/send-notification/{email}")
        assert response.status_code == 202
        client.finish()
    assert [email for email, _ in sent] == [ADA, BOB], (
        "each request runs, once, the task that was provided"
    )
    assert sent.after == [1, 2], "the task began before the response"
    assert bucket.asked == [1, 1], "each request asks once, for one token"


@pytest.mark.points(2)
def test_retry_after_is_rounded_up(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """It is a whole number of seconds: never too early, never 0."""
    bucket = Bucket()
    answer.app.dependency_overrides |= {
        answer.get_bucket: lambda: bucket,
        answer.get_notification_task: lambda: sent,
    }
    told = {2.0: "2", 1.25: "2", 59.5: "60", 0.25: "1", 0.0001: "1"}
    for bucket.wait, header in told.items():
        refused = client.post(f"/send-notification/{ADA}")
        assert refused.status_code == 429, "the bucket had no token"
        assert refused.headers.get("retry-after") == header, (
            f"the bucket said: wait {bucket.wait:g} seconds"
        )
    client.finish()
    assert list(sent) == [], "a refused request has started its task"


@pytest.mark.points(2)
@pytest.mark.after("test_a_full_bucket_allows_a_burst")
def test_a_refused_request_starts_no_task(
    answer: ModuleType, client: Client, clock: Seconds, sent: Sent
) -> None:
    """429 comes with Retry-After, and nobody is notified."""
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
    assert refused.headers.get("retry-after") == "2", (
        "at 0.5 a second, the next token takes 2 seconds"
    )
    client.finish()  # a task that was started all the same would show now
    assert [email for email, _ in sent] == [ADA] * answer.CAPACITY, (
        "all that were accepted are notified, and nobody else"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_refused_request_starts_no_task")
def test_the_bucket_goes_by_the_clock_that_is_provided(
    answer: ModuleType, client: Client, clock: Seconds, sent: Sent
) -> None:
    """Two seconds on that clock are one notification more."""
    answer.app.dependency_overrides |= {
        answer.get_clock: lambda: clock,
        answer.get_notification_task: lambda: sent,
    }

    def statuses(number: int) -> list[int]:
        path = f"/send-notification/{ADA}"
        return [client.post(path).status_code for _ in range(number)]

    full = [202] * answer.CAPACITY
    assert statuses(answer.CAPACITY + 1) == [*full, 429], "it starts full"
    clock.forward(2.0)
    assert statuses(2) == [202, 429], "2 seconds later: one more"
    clock.forward(1024.0)
    assert statuses(answer.CAPACITY + 1) == [*full, 429], "long after"


@pytest.mark.points(1)
def test_an_invalid_address_starts_nothing(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """422, and no task, whether it costs a token or not."""
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
    assert [email for email, _ in sent] == [ADA], (
        "the valid address is notified, and no other"
    )


@pytest.mark.points(1)
def test_without_an_override_the_clock_is_monotonic(
    answer: ModuleType, client: Client, sent: Sent
) -> None:
    """get_clock gives time.monotonic, or what tells the same."""
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
    assert callable(given[0]), "get_clock gives a clock, not a time"
    before, now, after = time.monotonic(), given[0](), time.monotonic()
    tells_the_same = before - 0.01 <= now <= after + 0.01
    assert tells_the_same, "get_clock gives a clock that can be set back"
