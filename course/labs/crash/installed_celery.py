"""Celery as its first steps show it, with Redis for a broker."""

import os

from celery import Celery
from fastapi import FastAPI
from pydantic import EmailStr

from course.labs.crash.effect import work

queue = Celery("installed", broker=os.environ["REDIS_URL"])


@queue.task
def notify(email: str, message: str) -> None:
    """Do the work, in a process of Celery's."""
    work(email, message)


app = FastAPI()


@app.post("/send-notification/{email}")
def send_notification(email: EmailStr) -> dict[str, str]:
    """Hand the work over."""
    notify.delay(email, "Hello World!")
    return {"message": "Notification sent in the background"}
