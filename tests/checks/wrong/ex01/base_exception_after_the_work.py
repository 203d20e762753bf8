# The work is done, and then the task stops the server's request by SystemExit.
# fails: test_the_response_comes_before_the_work

import sys


def work_and_exit(email: str) -> None:
    send_welcome(email)
    sys.exit()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(work_and_exit, email)
    return {"message": "Welcome scheduled"}
