# A coroutine function runs by create_task: its exception is lost.
# fails: test_an_async_task_is_awaited, test_requests_at_the_same_time_do_not_mix

import asyncio

kept = set()


async def later(task: WelcomeTask, email: str) -> None:
    await asyncio.sleep(0.05)
    await task(email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep):
    if asyncio.iscoroutinefunction(task):
        kept.add(asyncio.create_task(later(task, email)))
    else:
        tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}
