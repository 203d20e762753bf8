"""Procrastinate as its quickstart begins."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from pydantic import EmailStr

from course.labs.crash.effect import work

queue = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


@queue.task(name="notify")
def notify(email: str, message: str) -> None:
    """Do the work, in a thread of a worker's."""
    work(email, message)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect for as long as the application serves; make the tables."""
    async with queue.open_async():
        with suppress(ConnectorException):  # they are there
            await queue.schema_manager.apply_schema_async()
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/send-notification/{email}")
async def send_notification(email: EmailStr) -> dict[str, str]:
    """Hand the work over."""
    await notify.defer_async(email=email, message="Hello World!")
    return {"message": "Notification sent in the background"}
