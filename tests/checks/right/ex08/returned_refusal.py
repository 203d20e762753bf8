# Axis: the limit gives None, and the endpoint returns the 429 itself, with no task; its own Response carries the task; a lock from a decorator.

import math
import time
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Annotated

from fastapi import Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import EmailStr
from starlette.background import BackgroundTask

CAPACITY = 5
REFILL_PER_SECOND = 0.5

Clock = Callable[[], float]  # seconds since some moment
NotificationTask = Callable[[str, str], object]  # address, message


def get_clock() -> Clock:
    return time.monotonic


def send_notification(email: str, message: str) -> None:
    print(f"To {email}: {message}")


def get_notification_task() -> NotificationTask:
    return send_notification


def synchronized(method):
    @wraps(method)
    def locked(self, *args, **kwargs):
        with self.lock:
            return method(self, *args, **kwargs)

    return locked


class TokenBucket:
    def __init__(self, capacity: int, refill_per_second: float, clock: Clock):
        if capacity < 1 or refill_per_second <= 0:
            raise ValueError("impossible")
        self.capacity, self.rate, self.clock = (
            capacity,
            refill_per_second,
            clock,
        )
        self.lock = Lock()
        self.used = 0.0  # how much of it is missing
        self.seen = clock()

    def _leak(self):
        now = self.clock()
        if now > self.seen:
            self.used -= (now - self.seen) * self.rate
            self.used = max(self.used, 0.0)
            self.seen = now

    @synchronized
    def try_take(self, tokens: int = 1) -> float:
        self._leak()
        over = self.used + tokens - self.capacity
        if over > 0:
            return over / self.rate
        self.used += tokens
        return 0.0


buckets: dict = {}


async def get_bucket(clock: Clock = Depends(get_clock)) -> TokenBucket:
    if "one" not in buckets:
        buckets["one"] = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
    return buckets["one"]


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
):
    wait = bucket.try_take()
    return (task, None) if wait == 0 else (None, math.ceil(wait))


app = FastAPI()


@app.post("/send-notification/{email}", status_code=202)
def send(
    email: EmailStr, limited: Annotated[tuple, Depends(get_limited_task)]
) -> Response:
    task, wait = limited
    if wait is not None:
        return Response(status_code=429, headers={"Retry-After": str(wait)})
    work = BackgroundTask(task, email=email, message="Hello!")
    return JSONResponse({"message": "scheduled"}, 202, background=work)
