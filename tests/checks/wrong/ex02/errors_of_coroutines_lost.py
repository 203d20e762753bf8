# A coroutine function is awaited, but what it raises is lost.
# fails: test_an_async_task_is_awaited

import asyncio


async def gather(task: WelcomeTask, email: str) -> None:
    await asyncio.gather(task(email), return_exceptions=True)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep):
    if asyncio.iscoroutinefunction(task):
        tasks.add_task(gather, task, email)
    else:
        tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
