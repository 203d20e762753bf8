# Added twice.
# fails: test_each_request_is_welcomed_once, test_an_invalid_address_starts_nothing, test_requests_at_the_same_time_do_not_mix

import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    tasks.add_task(send_welcome, email)
    tasks.add_task(send_welcome, email)
    return {"message": "Welcome scheduled"}
