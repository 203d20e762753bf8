# Axis: a response that carries its own task.

import time

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import EmailStr
from starlette.background import BackgroundTask


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


@app.post("/welcome/{email}")
def welcome(email: EmailStr) -> JSONResponse:
    task = BackgroundTask(send_welcome, email=email)
    return JSONResponse({"message": "Welcome scheduled"}, 202, background=task)
