# Looks only at the address.
# fails: test_a_broken_app_is_noticed[loses_the_message]

del test_the_real_task_fills_the_outbox


def test_a_notification_is_sent(client, sent):
    assert notify(client, ADA, "Hello!").status_code == 202
    assert [email for email, _ in sent] == [ADA]


def test_each_request_sends_its_own(client, sent):
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    assert [email for email, _ in sent] == [ADA, BOB]
