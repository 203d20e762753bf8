# A wrapper calls the task on the event loop, and awaits what may be awaited.
# fails: test_others_are_answered_while_a_task_works

import inspect


async def run(task: WelcomeTask, email: str) -> None:
    result = task(email)
    if inspect.isawaitable(result):
        await result


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep
) -> dict[str, str]:
    tasks.add_task(run, task, email)
    return {"message": "Welcome scheduled"}
