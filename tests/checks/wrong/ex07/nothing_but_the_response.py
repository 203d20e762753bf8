# Looks at the response alone, so that all but one pass.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_a_broken_app_is_noticed[never_scheduled], test_a_broken_app_is_noticed[runs_before_the_response], test_a_broken_app_is_noticed[scheduled_twice], test_a_broken_app_is_noticed[ignores_the_override], test_a_broken_app_is_noticed[loses_the_message], test_a_broken_app_is_noticed[sends_despite_422], test_a_broken_app_is_noticed[mixes_requests]

del test_each_request_sends_its_own
del test_the_real_task_fills_the_outbox
del test_a_task_that_fails_does_not_change_the_response


def test_a_notification_is_sent(client):
    response = notify(client, ADA, "Hello!")
    assert response.status_code == 202
    assert response.json() == {"message": "Notification scheduled"}


def test_what_is_no_address_is_refused(client):
    assert notify(client, "not-an-email", "Hello!").status_code == 422
