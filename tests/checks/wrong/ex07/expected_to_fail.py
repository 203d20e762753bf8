# A test is marked as xfail.
# fails: test_every_right_app_passes_and_a_broken_one_does_not, test_a_broken_app_is_noticed[mixes_requests]


@pytest.mark.xfail
def test_each_request_sends_its_own(client, sent):
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    assert sent == [(ADA, "Hello!"), (BOB, "Good-bye!")]
