# Axis: the address is handed over by its keyword; the model of the response is a dataclass.

from dataclasses import dataclass


@dataclass
class Answer:
    message: str


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> Answer:
    tasks.add_task(send_welcome, email=email)
    return Answer("Welcome scheduled")
