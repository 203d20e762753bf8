# A test counts what the tests before it have left behind.
# fails: test_the_order_of_the_tests_does_not_matter

everything = []


@pytest.fixture
def sent(target):
    sent = []

    def remember(email, message):
        sent.append((email, message))
        everything.append((email, message))

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: remember
    return sent


def test_all_together():
    assert len(everything) == 3
