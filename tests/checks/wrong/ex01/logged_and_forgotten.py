# The failure is logged, and then it is over: the server hears nothing.
# fails: test_the_server_hears_of_a_failure

import logging


def deliver(email: str) -> None:
    try:
        send_welcome(email)
    except Exception:
        logging.exception("no welcome for %s", email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(deliver, email)
    return {"message": "Welcome scheduled"}
