# Axis: an object with an async __call__ works in a thread, logs and re-raises.

import logging

from fastapi.concurrency import run_in_threadpool


class Welcomer:
    def __init__(self, email):
        self.email = email

    async def __call__(self):
        try:
            result = await run_in_threadpool(send_welcome, self.email)
            if result is not None:
                await result
        except Exception:
            logging.exception("x")
            raise


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(Welcomer(email))
    return {"message": "Welcome scheduled"}
