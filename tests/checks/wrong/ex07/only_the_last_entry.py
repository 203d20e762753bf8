# Looks only at what was sent last.
# fails: test_a_broken_app_is_noticed[scheduled_twice]

del test_the_real_task_fills_the_outbox


def test_a_notification_is_sent(client, sent):
    assert notify(client, ADA, "Hello!").status_code == 202
    assert sent[-1] == (ADA, "Hello!")


def test_each_request_sends_its_own(client, sent):
    for email in (ADA, BOB):
        notify(client, email, "Hello!")
        assert sent[-1] == (email, "Hello!")
