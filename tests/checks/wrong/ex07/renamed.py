# The given test has another name.
# fails: test_the_given_test_notices_that_nothing_is_sent

del test_a_notification_is_sent


def test_a_notification_is_really_sent(client, sent):
    response = notify(client, ADA, "Hello!")
    assert response.status_code == 202
    assert response.json() == {"message": "Notification scheduled"}
    assert sent == [(ADA, "Hello!")]
