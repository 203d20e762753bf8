# Axis: a context manager logs; the logger has one handler and does not propagate.

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]  # takes the address
Clock = Callable[[], datetime]
lock = threading.Lock()


def get_logger() -> logging.Logger:
    logger = logging.getLogger("shop")
    with lock:
        if not logger.handlers:
            logger.addHandler(logging.StreamHandler())
            logger.setLevel(logging.INFO)
            logger.propagate = False
    return logger


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
        with logged(logger, clock):
            work(email)

    return audit


@contextmanager
def logged(logger: logging.Logger, clock: Clock) -> Iterator[None]:
    logger.info("start: %s", clock().isoformat())
    try:
        yield
    except Exception:
        logger.exception("The work failed")
        raise
    else:
        logger.info("done: %s", clock().isoformat())


app = FastAPI()
AuditDep = Annotated[WelcomeTask, Depends(get_audit_task)]


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: AuditDep
) -> dict[str, str]:
    """Add the audited task (ready)."""
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
