"""Exercise 1, solved: answer first, work afterwards."""

import time

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    """Imitate a slow mail server (ready)."""
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI(title="Exercise 1")


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(send_welcome, email)
    return {"message": "Welcome scheduled"}


# Why so: `add_task` keeps the function and its arguments, and Starlette calls
# it after the last byte of the response, within the same ASGI call. So the
# client is free, while the server still knows of the work: it waits for it
# when it stops, and hears of its errors. A thread or `create_task` of one's
# own is known to nobody. `send_welcome` is a plain `def`, so it runs in a
# worker thread and the event loop stays free.
#
# Another right way: return
# JSONResponse(content, 202, background=BackgroundTask(send_welcome, email)).
# It is the same mechanism by hand; but a response that is given a task of its
# own drops those which FastAPI has collected in a `BackgroundTasks`.
