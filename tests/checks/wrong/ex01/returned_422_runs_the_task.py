# A 422 that is returned still runs the task.
# fails: test_an_invalid_address_starts_nothing

import time

from fastapi import BackgroundTasks, FastAPI, Response
from pydantic import EmailStr, TypeAdapter, ValidationError


def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")


app = FastAPI()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: str, tasks: BackgroundTasks, response: Response):
    tasks.add_task(send_welcome, email)
    try:
        TypeAdapter(EmailStr).validate_python(email)
    except ValidationError:
        response.status_code = 422
    return {"message": "Welcome scheduled"}
