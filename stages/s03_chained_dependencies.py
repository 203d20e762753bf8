"""Stage 3: what the task needs is a dependency too.

Notebook: notebooks/03_chained_dependencies.ipynb
"""

import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr


def get_data_dir() -> Path:
    """Return the one folder the stages write to; DATA_DIR moves it."""
    default = Path(__file__).parents[1] / "data"
    return Path(os.environ.get("DATA_DIR") or default)


def get_logger() -> logging.Logger:
    return logging.getLogger(__name__)


LoggerDep = Annotated[logging.Logger, Depends(get_logger)]


NotificationTask = Callable[[str, str], None]  # address, message


def get_notification_task(logger: LoggerDep) -> NotificationTask:
    def write_notification(email: str, message: str) -> None:
        logger.info("Sending notification to %s", email)
        path = get_data_dir() / "notifications.txt"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"Notification for {email}: {message}\n")
        except OSError as error:
            logger.error("%s not notified: %s", email, error)
        else:
            logger.info("Notification sent to %s", email)

    return write_notification


@contextmanager
def required(remedy: str) -> Iterator[None]:
    """Let the start fail with one line that says what to do."""
    try:
        yield
    except Exception as error:
        sys.tracebacklimit = 0
        raise RuntimeError(f"{remedy}: {shorten(str(error), 300)}") from None


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Prepare once, at start-up: never in a request, never at import."""
    with required("Set DATA_DIR to a folder that can be written"):
        get_data_dir().mkdir(parents=True, exist_ok=True)
        (get_data_dir() / "notifications.txt").touch()
    path = get_data_dir() / "background_tasks.log"
    file = logging.FileHandler(path, encoding="utf-8", delay=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
        handlers=[logging.StreamHandler(), file],
    )
    yield


app = FastAPI(title=__doc__, lifespan=lifespan)
NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]


@app.post("/send-notification/{email}")
async def send_notification(
    email: EmailStr,
    background_tasks: BackgroundTasks,
    notification_task: NotificationDep,
) -> dict[str, str]:
    background_tasks.add_task(notification_task, email, "Hello World!")
    return {"message": "Notification sent in the background"}
