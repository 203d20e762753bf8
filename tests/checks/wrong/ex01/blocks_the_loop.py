# An `async def` task calls the work, which blocks the event loop.
# fails: test_others_are_answered_while_it_works


async def deliver(email: str) -> None:
    send_welcome(email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(deliver, email)
    return {"message": "Welcome scheduled"}
