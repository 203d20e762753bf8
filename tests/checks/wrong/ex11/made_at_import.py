# One notifier, made when the module is imported.
# fails: test_each_channel_gets_its_own_address


the_notifier = Notifier(
    get_email_channel(), get_sms_channel(), get_push_channel()
)


def get_notifier() -> Notifier:
    return the_notifier
