# Axis: async providers, an async task that works in a thread; the traceback in the message.

import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]  # takes the address
Clock = Callable[[], datetime]


async def get_logger() -> logging.Logger:
    return logging.getLogger(__name__)


async def get_clock() -> Clock:
    return lambda: datetime.now().astimezone()


def send_welcome(email: str) -> None:
    """Imitate a mail server (ready)."""
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    """Provide the work (ready)."""
    return send_welcome


async def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    async def audit(email: str) -> None:
        logger.info("start %s at %s", email, clock().isoformat())
        try:
            await run_in_threadpool(work, email)
        except Exception:
            logger.error("failed %s\n%s", email, traceback.format_exc())
            raise
        logger.info("done %s at %s", email, clock().isoformat())

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
