# The address is read from a global when the task runs.
# fails: test_requests_at_the_same_time_do_not_mix, test_others_are_answered_while_a_task_works

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


def get_welcome_task() -> WelcomeTask:
    return send_welcome


latest = ""


async def run(task):
    result = task(latest)
    if result is not None:
        await result


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> dict[str, str]:
    global latest
    latest = email
    tasks.add_task(run, task)
    return {"message": "Welcome scheduled"}
