# Awaited in a thread pool: the loop is free, the client waits.
# fails: test_the_response_comes_before_the_work

import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr
from fastapi.concurrency import run_in_threadpool


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    await run_in_threadpool(send_welcome, email)
    return {"message": "Welcome scheduled"}
