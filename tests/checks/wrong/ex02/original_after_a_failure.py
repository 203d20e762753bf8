# When the task fails, the original runs too.
# fails: test_the_server_hears_of_a_failure

import inspect
from fastapi.concurrency import run_in_threadpool


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep):
    async def run():
        try:
            r = await run_in_threadpool(task, email)
            if inspect.isawaitable(r):
                await r
        except Exception:
            send_welcome(email)
            raise

    tasks.add_task(run)
    return {"message": "Welcome scheduled"}
