# The endpoint was rewritten, and says something else.
# fails: test_a_mail_goes_out_once_after_the_response


@app.post("/send-email/", status_code=202)
async def send_email(
    message: EmailContent, tasks: BackgroundTasks, deliver: DeliveryDep
) -> dict[str, str]:
    """Add the task (ready)."""
    tasks.add_task(deliver, message)
    count = len(message.recipients)
    text = f"{count} e-mails scheduled"
    return {"status": "success", "message": text}
