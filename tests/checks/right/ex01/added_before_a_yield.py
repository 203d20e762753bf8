# Axis: a generator dependency adds before its yield, and re-raises what it sees afterwards.

import sys
from typing import Annotated
from fastapi import Depends


def scheduling(email: EmailStr, tasks: BackgroundTasks):
    tasks.add_task(lambda: send_welcome(email))
    try:
        yield "Welcome scheduled"
    except Exception as exc:
        print("failed", exc, file=sys.stderr)
        raise


@app.post("/welcome/{email}", status_code=202)
def welcome(message: Annotated[str, Depends(scheduling)]):
    return {"message": message}
