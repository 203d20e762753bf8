# create_task: its exception is lost.
# fails: test_the_response_comes_before_the_work

import asyncio
import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


kept = set()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    task = asyncio.create_task(asyncio.to_thread(send_welcome, email))
    kept.add(task)
    return {"message": "Welcome scheduled"}
