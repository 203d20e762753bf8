"""Exercise 2: the endpoint asks for its task, so it can be replaced.

Story
    The shop wants to try the application without sending real mails. But
    the endpoint names the function that sends them, so somebody has to edit
    the endpoint.

Build
    `get_welcome_task` must return the work. The endpoint must get it through
    `Depends`: `POST /welcome/{email}` adds the function that it gets, exactly
    as it is, and answers 202 and {"message": "Welcome scheduled"}. The
    rules of exercise 1 are still valid: the task runs after the response,
    once for each request, and not for an address that is refused; its
    exception reaches the server; and while the task runs, the server answers
    other requests. A mail server blocks, so `send_welcome` must not be called
    on the event loop.

Names that the checks use
    app               the application
    get_welcome_task  a dependency that returns a function; the function
                      takes the address. Do not call it yourself: use
                      `Depends`. The checks replace it through
                      `app.dependency_overrides`. Their replacement may have
                      parameters, and may return a `def` or an `async def`.
    Do not change these names. (ready) means: already written.

Builds on exercise 1 and on stages/s02_task_dependency.py. To try it
yourself: python3 start.py try 2

Notebook: notebooks/02_task_dependency.ipynb
"""

from collections.abc import Callable

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]  # takes the address


def send_welcome(email: str) -> None:
    """Imitate a mail server, which blocks (ready)."""
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    # TODO: return the function that does the work; do not call it.
    raise NotImplementedError("get_welcome_task provides nothing yet")


app = FastAPI(title="Exercise 2")


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    # TODO: get the task from get_welcome_task through Depends; add it.
    raise NotImplementedError("welcome adds no task yet")
