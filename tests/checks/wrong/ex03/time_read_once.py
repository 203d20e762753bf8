# The time is read once, for both lines.
# fails: test_start_and_done_have_the_time_of_the_task

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]  # takes the address
Clock = Callable[[], datetime]


def get_logger() -> logging.Logger:
    return logging.getLogger(__name__)


def get_clock() -> Clock:
    return lambda: datetime.now(UTC)


def send_welcome(email: str) -> None:
    """Imitate a mail server (ready)."""
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    """Provide the work (ready)."""
    return send_welcome


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email: str) -> None:
        now = clock()
        logger.info("start %s at %s", email, now.isoformat())
        try:
            work(email)
        except Exception:
            logger.exception("failed %s", email)
            raise
        logger.info("done %s at %s", email, now.isoformat())

    return audit


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    logging.basicConfig(level=logging.INFO)  # once, for the whole process
    yield


app = FastAPI(title="Exercise 3", lifespan=lifespan)
AuditDep = Annotated[WelcomeTask, Depends(get_audit_task)]


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: AuditDep
) -> dict[str, str]:
    """Add the audited task (ready)."""
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
