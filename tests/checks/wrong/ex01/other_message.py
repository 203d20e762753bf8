# Answers with another message.
# fails: test_the_response_comes_before_the_work


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(send_welcome, email)
    return {"message": "Welcome sent"}
