# Axis: a provider asks for the sender and closes it afterwards.


def get_sender():
    yield send_welcome


async def get_welcome_task(
    sender: Annotated[WelcomeTask, Depends(get_sender)],
) -> WelcomeTask:
    return sender
