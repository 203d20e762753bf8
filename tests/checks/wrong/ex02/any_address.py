# Takes any text for an address.
# fails: test_an_invalid_address_starts_nothing

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    return send_welcome


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: str,
    tasks: BackgroundTasks,
    task: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> dict[str, str]:
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
