# The work is wrapped as a coroutine, which nobody awaits.
# fails: test_the_response_comes_before_the_work


async def deliver(email: str) -> None:
    send_welcome(email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(lambda: deliver(email))
    return {"message": "Welcome scheduled"}
