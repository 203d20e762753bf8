# Axis: a router, a sync endpoint, a response with its own task.

from collections.abc import Callable

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from pydantic import EmailStr
from starlette.background import BackgroundTask

WelcomeTask = Callable[[str], object]


def send_welcome(email: str) -> None:
    print(f"Welcome, {email}!")


async def get_welcome_task() -> WelcomeTask:
    return send_welcome


router = APIRouter()


@router.post("/welcome/{email}")
def welcome(
    email: EmailStr, task: WelcomeTask = Depends(get_welcome_task)
) -> JSONResponse:
    return JSONResponse(
        {"message": "Welcome scheduled"},
        202,
        background=BackgroundTask(task, email),
    )


app = FastAPI()
app.include_router(router)
