# Axis: a router, and a class as a dependency that adds the task.

import time
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


class Scheduled:
    def __init__(self, email: EmailStr, tasks: BackgroundTasks) -> None:
        tasks.add_task(lambda: send_welcome(email))
        self.message = "Welcome scheduled"


router = APIRouter(prefix="/welcome")


@router.post("/{email}", status_code=202)
def welcome(scheduled: Annotated[Scheduled, Depends()]) -> dict[str, str]:
    return {"message": scheduled.message}


app = FastAPI()
app.include_router(router)
