# Looks at the address itself, when the task is added already.
# fails: test_an_invalid_address_starts_nothing

import re

from fastapi import Response


@app.post("/send-notification/{email}", status_code=202)
async def send(
    email: str, tasks: BackgroundTasks, task: LimitedDep, response: Response
) -> dict[str, str]:
    tasks.add_task(task, email, "Hello!")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        response.status_code = 422
    return {"message": "Notification scheduled"}
