# Makes a BackgroundTasks of its own, which nobody runs.
# fails: test_the_response_comes_before_the_work


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr) -> dict[str, str]:
    tasks = BackgroundTasks()
    tasks.add_task(send_welcome, email)
    return {"message": "Welcome scheduled"}
