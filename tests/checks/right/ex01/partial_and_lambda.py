# Axis: a lambda around a partial, in a sync endpoint.

from functools import partial


@app.post("/welcome/{email}", status_code=202)
def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    work = partial(send_welcome, email)
    tasks.add_task(lambda: work())
    return {"message": "Welcome scheduled"}
