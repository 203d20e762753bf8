"""Exercise 1: answer first, work afterwards.

Story
    Everybody who signs up gets an e-mail, and to send it takes three
    seconds. For three seconds the browser shows nothing, and people press
    the button again.

Build
    Let `POST /welcome/{email}` answer at once, with 202 and
    {"message": "Welcome scheduled"}, and let `send_welcome` run when the
    response has been sent:
    - once for each request, with the address of that request, and never for
      an address that is refused;
    - when the work fails, its exception reaches the server;
    - while it works, the server goes on answering others: `time.sleep`
      blocks, and so would a mail server, or a long calculation.

Names the checks rely on
    app             the application
    send_welcome    the work. You may wrap it. Look up its name when the
                    request arrives: the checks put another plain function
                    in its place, which blocks as well.

Builds on stages/s01_background_tasks.py. To try it yourself:
uvicorn exercises.ex01_background_task:app

Notebook: notebooks/01_background_tasks.ipynb
"""

import time

from fastapi import FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    """Stand in for a slow mail server (given)."""
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI(title="Exercise 1")


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr) -> dict[str, str]:
    # TODO: the client waits for this line. Let it run after the response.
    send_welcome(email)
    return {"message": "Welcome scheduled"}
