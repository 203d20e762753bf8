# Compares, and forgets the assert.
# fails: test_a_broken_app_is_noticed[mixes_requests]


def test_each_request_sends_its_own(client: TestClient, sent: Sent) -> None:
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    sent == [(ADA, "Hello!"), (BOB, "Good-bye!")]
