"""Exercise 2, solved: the endpoint asks for its task."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]  # takes the address


def send_welcome(email: str) -> None:
    """Imitate a mail server (ready)."""
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    return send_welcome


app = FastAPI(title="Exercise 2")
WelcomeDep = Annotated[WelcomeTask, Depends(get_welcome_task)]


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep
) -> dict[str, str]:
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}


# Why so: the endpoint knows that there is a task which takes an address, and
# no more. FastAPI looks up who provides it when the request arrives, so one
# line of `app.dependency_overrides` replaces the work in a test, and nothing
# is patched. What was provided goes to `add_task` as it is: Starlette itself
# knows what to do with a `def` and with an `async def`.
#
# Another right way: a class with `__call__(self, email)` as the task, whose
# instance a dependency returns, once the work needs things of its own.
