"""Stage 2: a dependency returns the task, so a test can replace the task.

Notebook: notebooks/02_task_dependency.ipynb
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

NOTIFICATIONS = Path("data/notifications.txt")

app = FastAPI(title="Stage 2")


def write_notification(email: str, message: str) -> None:
    with NOTIFICATIONS.open("a", encoding="utf-8") as file:
        file.write(f"Notification for {email}: {message}\n")


NotificationTask = Callable[[str, str], None]  # called with email, message


def get_notification_task() -> NotificationTask:
    return write_notification  # the function itself: no ()


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
