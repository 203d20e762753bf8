# The original runs as well.
# fails: test_an_override_replaces_the_work, test_without_an_override_the_original_runs

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    return send_welcome


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> dict[str, str]:
    tasks.add_task(task, email)
    tasks.add_task(send_welcome, email)
    return {"message": "Welcome scheduled"}
