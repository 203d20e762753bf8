# Added after a dependency's yield: never run.
# fails: test_the_response_comes_before_the_work

import time

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


def schedule(email: EmailStr, tasks: BackgroundTasks):
    yield
    tasks.add_task(send_welcome, email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(scheduled=Depends(schedule)):

    return {"message": "Welcome scheduled"}
