"""RQ as its documentation begins."""

import os

from fastapi import FastAPI
from pydantic import EmailStr
from redis import Redis
from rq import Queue

from course.labs.crash.effect import work

queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))
app = FastAPI()


@app.post("/send-notification/{email}")
def send_notification(email: EmailStr) -> dict[str, str]:
    """Hand the work over."""
    queue.enqueue(work, email, "Hello World!")
    return {"message": "Notification sent in the background"}
