# Asserts when the test is over: that is an error, not a failure.
# fails: test_a_broken_app_is_noticed[mixes_requests]


@pytest.fixture
def both(sent):
    yield
    assert sent == [(ADA, "Hello!"), (BOB, "Good-bye!")]


def test_each_request_sends_its_own(client, both):
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
