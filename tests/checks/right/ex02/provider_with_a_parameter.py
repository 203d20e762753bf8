# Axis: the provider is an object, an async generator with a parameter; a class schedules.

import inspect
from fastapi import Request


class Provider:
    async def __call__(self, request: Request):
        yield send_welcome


get_welcome_task = Provider()


class Runner:
    def __init__(self, task: Annotated[object, Depends(get_welcome_task)]):
        self.task = task

    def schedule(self, tasks, email):
        tasks.add_task(self.task, email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr,
    tasks: BackgroundTasks,
    runner: Annotated[Runner, Depends()],
):
    runner.schedule(tasks, email)
    return {"message": "Welcome scheduled"}
