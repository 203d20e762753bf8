# Takes any text for an address.
# fails: test_a_refused_address_gets_no_mail


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: str, tasks: BackgroundTasks, mailer: MailerDep
) -> dict[str, str]:
    tasks.add_task(mailer, email)
    return {"message": "Welcome scheduled"}
