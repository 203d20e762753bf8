# One BackgroundTasks for all requests.
# fails: test_each_request_is_welcomed_once, test_requests_at_the_same_time_do_not_mix

import time

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


shared = BackgroundTasks()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr):
    shared.add_task(send_welcome, email)
    return JSONResponse(
        {"message": "Welcome scheduled"}, 202, background=shared
    )
