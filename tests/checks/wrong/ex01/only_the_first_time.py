# Who was welcomed once is not welcomed again, though asked for.
# fails: test_each_request_is_welcomed_once

welcomed = set()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    if email not in welcomed:
        tasks.add_task(send_welcome, email)
    welcomed.add(email)
    return {"message": "Welcome scheduled"}
