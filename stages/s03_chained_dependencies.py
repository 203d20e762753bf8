"""Stage 3: the objects that a task needs are dependencies too.

Notebook: notebooks/03_chained_dependencies.ipynb
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

NOTIFICATIONS = Path("data/notifications.txt")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Open the log file at the start, not when a test imports the module."""
    logging.basicConfig(  # for every logger of the process
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
        filename="data/background_tasks.log",
        encoding="utf-8",
    )
    yield  # the server runs here


app = FastAPI(title="Stage 3", lifespan=lifespan)


def get_logger() -> logging.Logger:
    return logging.getLogger("background_tasks")


LoggerDep = Annotated[logging.Logger, Depends(get_logger)]

NotificationTask = Callable[[str, str], None]  # called with email, message


def get_notification_task(logger: LoggerDep) -> NotificationTask:
    def write_notification(email: str, message: str) -> None:
        logger.info("Sending notification to %s", email)  # fills in the %s
        try:
            with NOTIFICATIONS.open("a", encoding="utf-8") as file:
                file.write(f"Notification for {email}: {message}\n")
        except OSError:
            logger.exception("Notification to %s failed", email)  # + traceback
            raise  # so that uvicorn prints it, too; the response has left
        logger.info("Notification sent to %s", email)

    return write_notification  # it remembers the logger: a closure


NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]


@app.post("/send-notification/{email}")
async def send_notification(
    email: EmailStr,
    background_tasks: BackgroundTasks,  # FastAPI supplies it: no Depends
    notification_task: NotificationDep,
) -> dict[str, str]:
    # The function itself, without (): FastAPI calls it after the response
    background_tasks.add_task(notification_task, email, "Hello World!")
    return {"message": "Notification sent in the background"}
