# Errors are caught and forgotten.
# fails: test_the_server_hears_of_a_failure

import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


def quiet(email):
    try:
        send_welcome(email)
    except Exception as exc:
        print(exc)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    tasks.add_task(quiet, email)
    return {"message": "Welcome scheduled"}
