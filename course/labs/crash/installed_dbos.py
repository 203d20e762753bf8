"""DBOS as its quickstart begins: in the application, on SQLite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbos import DBOS
from fastapi import FastAPI
from pydantic import EmailStr

from course.labs.crash.effect import work

DBOS(config={"name": "installed"})


@DBOS.step()
def notify_step(email: str, message: str) -> None:
    """Do the work."""
    work(email, message)


@DBOS.workflow()
def notify(email: str, message: str) -> None:
    """Do the one step, in a thread of the application's process."""
    notify_step(email, message)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Resume what a former process did not end."""
    DBOS.launch()
    yield
    DBOS.destroy()


app = FastAPI(lifespan=lifespan)


@app.post("/send-notification/{email}")
def send_notification(email: EmailStr) -> dict[str, str]:
    """Hand the work over."""
    DBOS.start_workflow(notify, email, "Hello World!")
    return {"message": "Notification sent in the background"}
