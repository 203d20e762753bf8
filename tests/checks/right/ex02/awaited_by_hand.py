# Axis: a wrapper that knows def from async def by its result.

import inspect
from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    return send_welcome


async def run(task: WelcomeTask, email: str) -> None:
    result = await run_in_threadpool(task, email)
    if inspect.isawaitable(result):
        await result


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> dict[str, str]:
    tasks.add_task(run, task, email)
    return {"message": "Welcome scheduled"}
