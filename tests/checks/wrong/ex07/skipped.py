# Skips where it should fail.
# fails: test_a_broken_app_is_noticed[mixes_requests]


def test_each_request_sends_its_own(client, sent):
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    if sent != [(ADA, "Hello!"), (BOB, "Good-bye!")]:
        pytest.skip("mixed")
