# A response with a task of its own drops the injected ones.
# fails: test_the_response_comes_before_the_work

import time

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse
from pydantic import EmailStr
from starlette.background import BackgroundTask


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    tasks.add_task(send_welcome, email)
    return JSONResponse(
        {"message": "Welcome scheduled"}, 202, background=BackgroundTask(print)
    )
