# Axis: a class whose instance is the task; dictConfig at import.

import logging
import logging.config
from collections.abc import Callable
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


class Audit:
    def __init__(
        self,
        logger: Annotated[logging.Logger, Depends(get_logger)],
        clock: Annotated[Clock, Depends(get_clock)],
        work: Annotated[WelcomeTask, Depends(get_welcome_task)],
    ) -> None:
        self.logger, self.clock, self.work = logger, clock, work

    def __call__(self, email: str) -> None:
        self.log("start")
        try:
            self.work(email)
        except BaseException as exc:
            self.logger.error("%s failed", email, exc_info=exc)
            raise
        self.log("done")

    def log(self, word: str) -> None:
        self.logger.info(f"{self.clock().isoformat()} {word}")


get_audit_task = Audit

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "out": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"level": "INFO", "handlers": ["out"]},
    }
)


app = FastAPI()
AuditDep = Annotated[WelcomeTask, Depends(get_audit_task)]


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: AuditDep
) -> dict[str, str]:
    """Add the audited task (ready)."""
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
