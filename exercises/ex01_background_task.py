"""Exercise 1: answer first, work afterwards.

Story
    Everybody who signs up gets an e-mail, and sending it takes three
    seconds. For three seconds the browser shows nothing, and people press
    the button again.

Build
    Change `POST /welcome/{email}`: it must answer at once, with 202 and
    {"message": "Welcome scheduled"}. `send_welcome` must run after the
    response has been sent:
    - once for each request, with the address of that request, and never for
      an address that is refused;
    - when the work fails, do not hide its exception: it must reach the
      server;
    - while the work runs, the server must answer other requests.
      `time.sleep` blocks its thread. A mail server or a long calculation
      would block it too.

Names that the checks use
    app             the application
    send_welcome    the work. You may add another function as the task, if it
                    calls `send_welcome`. The checks replace `send_welcome` by
                    another plain function, which also blocks. So use the name
                    `send_welcome` only inside a function, for example inside
                    the endpoint, and not as a default value.
    Do not change these names. (ready) means: already written.

Builds on stages/s01_background_tasks.py. To try it yourself:
python3 start.py try 1

Notebook: notebooks/01_background_tasks.ipynb
"""

import time

from fastapi import FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    """Imitate a slow mail server (ready)."""
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI(title="Exercise 1")


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr) -> dict[str, str]:
    # TODO: the client waits for this line. Run it after the response.
    send_welcome(email)
    return {"message": "Welcome scheduled"}
