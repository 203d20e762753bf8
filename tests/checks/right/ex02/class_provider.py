# Axis: the provider is a class, its instance is the task.

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


class get_welcome_task:
    async def __call__(self, email: str) -> None:
        await run_in_threadpool(send_welcome, email)


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> dict[str, str]:
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
