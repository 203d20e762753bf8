# Looks whether anything was sent.
# fails: test_a_broken_app_is_noticed[mixes_requests]


def test_a_notification_is_sent(client: TestClient, sent: Sent) -> None:
    response = notify(client, ADA, "Hello!")
    assert response.status_code == 202
    assert response.json() == {"message": "Notification scheduled"}
    assert sent


def test_each_request_sends_its_own(client: TestClient, sent: Sent) -> None:
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    assert len(sent) >= 2
