# Axis: an async function around the work, in a thread of its own.

import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr
from fastapi.concurrency import run_in_threadpool


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


async def deliver(address: str) -> None:
    await run_in_threadpool(send_welcome, address)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(deliver, email)
    return {"message": "Welcome scheduled"}
