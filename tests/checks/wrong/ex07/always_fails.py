# A test that fails everywhere has noticed nothing.
# fails: test_every_right_app_passes_and_a_broken_one_does_not, test_a_broken_app_is_noticed[mixes_requests]


def test_each_request_sends_its_own(client, sent):
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    assert sent == [(BOB, "Good-bye!")]
