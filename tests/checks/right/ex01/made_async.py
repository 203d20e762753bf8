# Axis: the work itself is a coroutine function, its name looked up late.

import asyncio

from fastapi import BackgroundTasks, FastAPI
from pydantic import EmailStr


async def send_welcome(email: str) -> None:
    await asyncio.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(send_welcome, email=email)
    return {"message": "Welcome scheduled"}
