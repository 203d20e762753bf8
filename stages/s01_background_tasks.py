"""Stage 1: answer first, work afterwards.

Notebook: notebooks/01_background_tasks.ipynb
"""

from pathlib import Path

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr

NOTIFICATIONS = Path("data/notifications.txt")

app = FastAPI(title="Stage 1")


def write_notification(email: str, message: str) -> None:
    with NOTIFICATIONS.open("a", encoding="utf-8") as file:
        file.write(f"Notification for {email}: {message}\n")


@app.post("/send-notification/{email}")
async def send_notification(
    email: EmailStr,
    background_tasks: BackgroundTasks,  # FastAPI supplies it: no Depends
) -> dict[str, str]:
    # The function itself, without (): FastAPI calls it after the response
    background_tasks.add_task(write_notification, email, "Hello World!")
    return {"message": "Notification sent in the background"}
