# A lambda that returns the function and does not call it.
# fails: test_the_response_comes_before_the_work


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(lambda: send_welcome)
    return {"message": "Welcome scheduled"}
