# Keeps the notifier of the first request, and its channels.
# fails: test_notifications_at_the_same_time_do_not_mix


kept: Notifier | None = None


def get_notifier(
    email: Annotated[Channel, Depends(get_email_channel)],
    sms: Annotated[Channel, Depends(get_sms_channel)],
    push: Annotated[Channel, Depends(get_push_channel)],
) -> Notifier:
    global kept
    if kept is None:
        kept = Notifier(email, sms, push)
    return kept
