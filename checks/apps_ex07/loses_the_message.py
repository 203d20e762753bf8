"""Broken: it notifies with an empty message."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

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
    email: EmailStr,
    message: str,
    background_tasks: BackgroundTasks,
    task: Annotated[NotificationTask, Depends(get_notification_task)],
) -> dict[str, str]:
    """Add the task without the message."""
    background_tasks.add_task(task, email, "")
    return {"message": "Notification scheduled"}
