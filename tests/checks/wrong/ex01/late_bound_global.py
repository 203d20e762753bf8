# The address is read from a global when the task runs.
# fails: test_requests_at_the_same_time_do_not_mix

import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


latest = ""


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    global latest
    latest = email
    tasks.add_task(lambda: send_welcome(latest))
    return {"message": "Welcome scheduled"}
