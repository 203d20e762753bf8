# Axis: the task is wrapped; a coroutine runs on an event loop of its own.


import asyncio, inspect


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep
) -> dict[str, str]:
    def run():
        result = task(email)
        if inspect.isawaitable(result):

            async def wait():
                return await result

            asyncio.run(wait())

    tasks.add_task(run)
    return {"message": "Welcome scheduled"}
