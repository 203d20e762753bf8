# Runs the work in the endpoint.
# fails: test_each_request_takes_one_token


@app.post("/send-notification/{email}", status_code=202)
async def send(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: LimitedDep,
    message: str = "Hello!",
) -> dict[str, str]:
    """Add the task from get_limited_task (ready)."""
    result = task(email, message)
    if result is not None:
        await result
    return {"message": "Notification scheduled"}
