# Errors of the task are printed and forgotten.
# fails: test_an_async_task_is_awaited, test_the_server_hears_of_a_failure, test_requests_at_the_same_time_do_not_mix

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    return send_welcome


def run(task: WelcomeTask, email: str) -> None:
    try:
        task(email)
    except Exception as exc:
        print(exc)


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> dict[str, str]:
    tasks.add_task(run, task, email)
    return {"message": "Welcome scheduled"}
