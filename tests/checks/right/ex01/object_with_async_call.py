# Axis: an object with an async __call__ logs and re-raises.

import logging


class Welcomer:
    def __init__(self, email):
        self.email = email

    async def __call__(self):
        try:
            result = send_welcome(self.email)
            if result is not None:
                await result
        except Exception:
            logging.exception("x")
            raise


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks):
    tasks.add_task(Welcomer(email))
    return {"message": "Welcome scheduled"}
