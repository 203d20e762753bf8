# Added twice.
# fails: test_the_response_comes_before_the_work

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
