"""Broken: each request sends what the first one asked for."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

Outbox = list[tuple[str, str]]
NotificationTask = Callable[[str, str], object]

app = FastAPI()
sent: Outbox = []
waiting: Outbox = []


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
    """Schedule the oldest entry, which nobody ever takes away."""
    waiting.append((email, message))
    background_tasks.add_task(task, *waiting[0])
    return {"message": "Notification scheduled"}
