"""Exercise 8, solved: a token bucket decides who gets a task."""

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from pydantic import EmailStr

CAPACITY = 5
REFILL_PER_SECOND = 0.5

Clock = Callable[[], float]  # seconds since some moment
NotificationTask = Callable[[str, str], object]  # address, message


class TokenBucket:
    def __init__(
        self, capacity: int, refill_per_second: float, clock: Clock
    ) -> None:
        if capacity < 1 or refill_per_second <= 0:
            raise ValueError("a bucket needs room for a token, and a refill")
        self.capacity, self.rate = capacity, refill_per_second
        self.clock, self.lock = clock, Lock()
        self.tokens, self.updated = float(capacity), clock()

    def try_take(self, tokens: int = 1) -> float:
        """Return 0.0, or the seconds until there are enough."""
        with self.lock:
            now = max(self.clock(), self.updated)
            earned = (now - self.updated) * self.rate
            self.tokens = min(self.capacity, self.tokens + earned)
            self.updated = now
            if self.tokens < tokens:
                return (tokens - self.tokens) / self.rate
            self.tokens -= tokens
            return 0.0


def get_clock() -> Clock:
    """Return a clock that nobody can put back (ready)."""
    return time.monotonic


async def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    state = request.app.state
    if not hasattr(state, "bucket"):
        state.bucket = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    bucket: TokenBucket = state.bucket
    return bucket


def send_notification(email: str, message: str) -> None:
    """Imitate a mail server (ready)."""
    print(f"To {email}: {message}")


def get_notification_task() -> NotificationTask:
    """Provide the work (ready)."""
    return send_notification


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    wait = bucket.try_take()
    if wait > 0:
        retry = {"Retry-After": str(math.ceil(wait))}
        raise HTTPException(429, "Too many notifications", retry)
    return task


app = FastAPI(title="Exercise 8")
LimitedDep = Annotated[NotificationTask, Depends(get_limited_task)]


@app.post("/send-notification/{email}", status_code=202)
async def send(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: LimitedDep,
    message: str = "Hello!",
) -> dict[str, str]:
    """Add the task from get_limited_task (ready)."""
    tasks.add_task(task, email, message)
    return {"message": "Notification scheduled"}


# Why so: no timer fills the bucket. Two numbers, how many tokens there were
# and when, tell at any later moment how many there are. `max` makes a clock
# that goes back stand still, and `min` keeps a long pause from adding up. All
# of it stands under the one lock, for between reading `tokens` and writing it
# back another thread could read it too. The limit is a dependency, and it
# raises: so the endpoint never runs, and there is no task to stop. `get_bucket`
# is an `async def` without an `await`, so no two first requests can be inside
# at once; two `def`s could, each in a thread of its own, and make two buckets.
#
# Another right way: keep one number, the time at which the bucket will be full
# again. A token moves it 1 / rate seconds on, and is refused if it would then
# lie more than capacity / rate seconds ahead.
