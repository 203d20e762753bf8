# Calls the three providers itself.
# fails: test_each_channel_gets_its_own_address


def get_notifier() -> Notifier:
    return Notifier(get_email_channel(), get_sms_channel(), get_push_channel())
