# A task hands the work to a thread and passes no wait on.
# fails: test_the_response_comes_before_the_work

import threading
import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


async def later(email):
    threading.Timer(0.02, send_welcome, [email]).start()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    tasks.add_task(later, email)
    return {"message": "Welcome scheduled"}
