# Axis: a sync endpoint adds a partial.

from functools import partial


@app.post("/welcome/{email}", status_code=202)
def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep
) -> dict[str, str]:
    tasks.add_task(partial(task, email))
    return {"message": "Welcome scheduled"}
