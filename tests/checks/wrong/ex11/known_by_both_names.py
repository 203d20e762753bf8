# A channel is known by its name, and by its dependency's too.
# fails: test_a_channel_is_known_by_its_name


def get_notifier(
    email: Annotated[Channel, Depends(get_email_channel)],
    sms: Annotated[Channel, Depends(get_sms_channel)],
    push: Annotated[Channel, Depends(get_push_channel)],
) -> Notifier:
    notifier = Notifier(email, sms, push)
    notifier.channels |= {"email": email, "sms": sms, "push": push}
    return notifier
