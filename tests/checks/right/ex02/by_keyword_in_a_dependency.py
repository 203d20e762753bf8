# Axis: a dependency of the route adds the task, by keyword.

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    def welcome_by_print(email: str) -> None:
        send_welcome(email)

    return welcome_by_print


def schedule(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> None:
    tasks.add_task(task, email=email)


app = FastAPI()


@app.post(
    "/welcome/{email}", status_code=202, dependencies=[Depends(schedule)]
)
async def welcome() -> dict[str, str]:
    return {"message": "Welcome scheduled"}
