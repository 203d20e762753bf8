# Axis: the notifier is a class that asks for its channels itself.


def three(
    email: Annotated[Channel, Depends(get_email_channel)],
    sms: Annotated[Channel, Depends(get_sms_channel)],
    push: Annotated[Channel, Depends(get_push_channel)],
) -> list[Channel]:
    return [email, sms, push]


def get_notifier(
    channels: Annotated[list[Channel], Depends(three)],
) -> Notifier:
    return Notifier(*reversed(channels))
