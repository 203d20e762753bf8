"""Broken: who is refused with 422 is notified all the same."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import validate_email

Outbox = list[tuple[str, str]]
NotificationTask = Callable[[str, str], object]

app = FastAPI()
sent: Outbox = []


def get_outbox() -> Outbox:
    """Give the list of what was sent."""
    return sent


def get_notification_task(
    outbox: Annotated[Outbox, Depends(get_outbox)],
) -> NotificationTask:
    """Give what sends a message."""

    def notify(email: str, message: str) -> None:
        outbox.append((email, message))

    return notify


@app.post("/send-notification/{email}", status_code=202)
def send_notification(
    email: str,
    background_tasks: BackgroundTasks,
    task: Annotated[NotificationTask, Depends(get_notification_task)],
    message: str | None = None,
) -> Response:
    """Look at the input when the task is already added."""
    background_tasks.add_task(task, email, message or "")
    try:
        validate_email(email)
    except ValueError:
        return JSONResponse({"detail": "no address"}, 422)
    if message is None:
        return JSONResponse({"detail": "no message"}, 422)
    return JSONResponse({"message": "Notification scheduled"}, 202)
