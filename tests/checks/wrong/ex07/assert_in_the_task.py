# Asserts inside the task, which nobody calls.
# fails: test_the_given_test_notices_that_nothing_is_sent


def test_a_notification_is_sent(client: TestClient, sent: Sent) -> None:
    response = notify(client, ADA, "Hello!")
    assert response.status_code == 202
    assert response.json() == {"message": "Notification scheduled"}
    assert all(each == (ADA, "Hello!") for each in sent)
