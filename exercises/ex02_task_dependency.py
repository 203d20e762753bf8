"""Exercise 2: the endpoint asks for its task, so it can be replaced.

Story
    The shop wants to try the application without sending real mails. As long
    as the endpoint names the function that sends them, the only way is to
    edit the endpoint.

Build
    Let `get_welcome_task` provide the work, and let the endpoint ask for it:
    `POST /welcome/{email}` adds what was provided, whatever that is, and
    answers 202 and {"message": "Welcome scheduled"}. What exercise 1 asks for
    still holds: the task runs after the response, once for each request, not
    for an address that is refused; its exception reaches the server; and
    while the task works, the server goes on answering others. A mail server
    blocks, so `send_welcome` must not be called on the event loop.

Names the checks rely on
    app               the application
    get_welcome_task  a dependency that returns a function; the function
                      takes the address. The checks replace this dependency
                      by `app.dependency_overrides`: only FastAPI calls it,
                      and the replacement may have parameters. The function
                      that it gives may be a `def` or an `async def`.

Builds on exercise 1 and on stages/s02_task_dependency.py. To try it
yourself: uvicorn exercises.ex02_task_dependency:app

Notebook: notebooks/02_task_dependency.ipynb
"""

from collections.abc import Callable

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]  # takes the address


def send_welcome(email: str) -> None:
    """Stand in for a mail server, which blocks (given)."""
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    # TODO: provide the work; do not do it.
    raise NotImplementedError("get_welcome_task provides nothing yet")


app = FastAPI(title="Exercise 2")


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    # TODO: ask for what get_welcome_task provides, and add it.
    raise NotImplementedError("welcome adds no task yet")
