# Axis: whole numbers of nanoseconds; an object as provider; a class as limit; an error of its own with a handler; a router.

import math
import time
from threading import Condition
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import EmailStr

CAPACITY = 5
REFILL_PER_SECOND = 0.5
NANO = 1_000_000_000


class TokenBucket:
    def __init__(self, capacity, refill_per_second, clock):
        if capacity < 1:
            raise ValueError("capacity")
        if refill_per_second <= 0:
            raise ValueError("rate")
        self.cost = int(NANO / refill_per_second)  # of a token
        self.most = capacity * self.cost
        self.credit = self.most
        self.clock = clock
        self.last = None
        self.turn = Condition()

    def try_take(self, tokens=1):
        with self.turn:
            now = int(self.clock() * NANO)
            if self.last is not None and now > self.last:
                self.credit = min(self.most, self.credit + now - self.last)
            self.last = now  # one that went back starts from here
            missing = tokens * self.cost - self.credit
            if missing > 0:
                return missing / NANO
            self.credit -= tokens * self.cost
            return 0


def get_clock():
    return lambda: time.monotonic_ns() / NANO


class OneBucket:
    def __init__(self):
        self.known = None

    async def __call__(self, clock=Depends(get_clock)):
        if self.known is None:
            self.known = TokenBucket(CAPACITY, REFILL_PER_SECOND, clock)
        return self.known


get_bucket = OneBucket()


class TooMany(Exception):
    def __init__(self, wait):
        self.wait = wait


def get_notification_task():
    return lambda email, message: print(f"To {email}: {message}")


class Limited:
    def __init__(
        self, bucket=Depends(get_bucket), task=Depends(get_notification_task)
    ):
        wait = bucket.try_take(1)
        if wait:
            raise TooMany(wait)
        self.task = task

    def add(self, tasks, *args):
        tasks.add_task(self.task, *args)


get_limited_task = Limited
router = APIRouter()


@router.post("/send-notification/{email}", status_code=202)
def send(
    email: EmailStr,
    tasks: BackgroundTasks,
    limited: Annotated[Limited, Depends(get_limited_task)],
):
    limited.add(tasks, email, "Hello!")


async def refuse(_, exc):
    seconds = str(math.ceil(exc.wait))
    return PlainTextResponse("later", 429, {"Retry-After": seconds})


app = FastAPI()
app.include_router(router)
app.add_exception_handler(TooMany, refuse)
