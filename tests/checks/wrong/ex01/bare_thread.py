# A thread of its own: its exception is lost.
# fails: test_the_response_comes_before_the_work

import threading
import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    threading.Thread(target=send_welcome, args=(email,)).start()
    return {"message": "Welcome scheduled"}
