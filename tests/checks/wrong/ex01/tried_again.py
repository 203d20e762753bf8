# A failure is tried again at once: the mail goes out twice.
# fails: test_the_server_hears_of_a_failure


def deliver(email: str) -> None:
    try:
        send_welcome(email)
    except Exception:
        send_welcome(email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(deliver, email)
    return {"message": "Welcome scheduled"}
