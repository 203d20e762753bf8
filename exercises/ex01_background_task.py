"""Exercise 1: answer first, work afterwards.

Story
    Who signs up is welcomed by e-mail, and that takes three seconds. For
    three seconds the browser shows nothing, and people press the button
    again.

Build
    Let `POST /welcome/{email}` answer at once, with 202 and
    {"message": "Welcome scheduled"}, and let `send_welcome` run when the
    response has been sent: once for each request, with that request's
    address, and never for an address that is refused. When the work fails,
    the server has to hear of it.

Names the checks rely on
    app             the application
    send_welcome    the work. Wrap it or leave it, but look the name up when
                    the request arrives: the checks put another plain
                    function in its place.

Hints
    1. Who could call a function after your endpoint has returned? Not the
       endpoint.
    2. FastAPI hands a BackgroundTasks object to an endpoint that has a
       parameter of that type. Look at its method `add_task`.
    3. `tasks.add_task(function, argument)` takes the function, without
       parentheses, and what it will be called with.

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
