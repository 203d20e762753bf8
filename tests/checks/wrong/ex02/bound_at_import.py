# The value of the provider is stored at import.
# fails: test_an_override_replaces_the_work

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    return send_welcome


TASK = get_welcome_task()
app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(TASK, email)
    return {"message": "Welcome scheduled"}
