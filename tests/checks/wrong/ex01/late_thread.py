# A task that only starts a thread: the order is right, errors are lost.
# fails: test_the_server_hears_of_a_failure

import threading
import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


def start(email):
    threading.Thread(target=send_welcome, args=(email,)).start()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    tasks.add_task(start, email)
    return {"message": "Welcome scheduled"}
