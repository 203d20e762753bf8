# One list for all tests, which one of them finds as another left it.
# fails: test_the_order_of_the_tests_does_not_matter

everything = []


@pytest.fixture
def sent(target):
    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: (
        lambda email, message: everything.append((email, message))
    )
    return everything


def test_each_request_sends_its_own(client, sent):
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    assert sent == [(ADA, "Hello!"), (ADA, "Hello!"), (BOB, "Good-bye!")]
