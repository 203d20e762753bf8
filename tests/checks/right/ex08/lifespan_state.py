# Axis: the lifespan brings the lock and the place for the bucket; the time is read outside the bucket's lock; the task is wrapped.

import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from threading import Lock
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import EmailStr

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


class TokenBucket:
    def __init__(self, capacity, refill_per_second, clock):
        if min(capacity - 1, 0) < 0 or refill_per_second <= 0:
            raise ValueError
        self.capacity, self.rate, self.clock = (
            capacity,
            refill_per_second,
            clock,
        )
        self.state = (capacity, clock())
        self.lock = Lock()

    def try_take(self, tokens: int = 1) -> float:
        now = self.clock()
        with self.lock:
            there, last = self.state
            there = min(there + max(now - last, 0) * self.rate, self.capacity)
            left = there - tokens
            if left >= 0:
                self.state = (left, max(now, last))
        return 0.0 if left >= 0 else -left / self.rate


def get_bucket(
    request: Request, clock: Annotated[Clock, Depends(get_clock)]
) -> TokenBucket:
    with request.state.lock:
        if not request.state.buckets:
            made = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
            request.state.buckets.append(made)
        return request.state.buckets[0]


async def get_limited_task(
    bucket: Annotated[TokenBucket, Depends(get_bucket)],
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> NotificationTask:
    wait = await run_in_threadpool(bucket.try_take)
    if wait:
        raise HTTPException(429, headers={"Retry-After": f"{math.ceil(wait)}"})

    async def limited(email: str, message: str) -> None:
        result = await run_in_threadpool(task, email, message=message)
        if isawaitable(result):
            await result

    return limited


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict]:
    yield {"lock": Lock(), "buckets": []}


app = FastAPI(lifespan=lifespan)


@app.post("/send-notification/{email}", status_code=202)
async def send(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[NotificationTask, Depends(get_limited_task)],
    message: str = "Hello!",
) -> dict[str, str]:
    tasks.add_task(task, email, message)
    return {"message": "Notification scheduled"}
