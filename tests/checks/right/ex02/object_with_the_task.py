# Axis: the endpoint asks for an object that has asked for the task.

from dataclasses import dataclass


@dataclass
class Tools:
    task: WelcomeDep


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, tools: Annotated[Tools, Depends()]
) -> dict[str, str]:
    tasks.add_task(tools.task, email)
    return {"message": "Welcome scheduled"}
