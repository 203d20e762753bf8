"""Taskiq with Redis streams, as the documentation of taskiq-redis begins."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import EmailStr
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from course.labs.crash.effect import work

URL = os.environ["REDIS_URL"]
results: RedisAsyncResultBackend[None] = RedisAsyncResultBackend(URL)
broker = RedisStreamBroker(URL).with_result_backend(results)


@broker.task
def notify(email: str, message: str) -> None:
    """Do the work, in a thread of a worker's."""
    work(email, message)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect for as long as the application serves."""
    await broker.startup()
    yield
    await broker.shutdown()


app = FastAPI(lifespan=lifespan)


@app.post("/send-notification/{email}")
async def send_notification(email: EmailStr) -> dict[str, str]:
    """Hand the work over."""
    await notify.kiq(email, "Hello World!")
    return {"message": "Notification sent in the background"}
