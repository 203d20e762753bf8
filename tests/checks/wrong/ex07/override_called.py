# Puts the task itself in place of a provider.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_every_right_app_passes_and_a_broken_one_does_not, test_a_broken_app_is_noticed[accepts_any_address], test_a_broken_app_is_noticed[sends_despite_422], test_a_broken_app_is_noticed[mixes_requests]


@pytest.fixture
def sent(target: ModuleType) -> Sent:
    """Remember what is sent: replace the task."""
    sent: Sent = []

    def remember(email: str, message: str) -> None:
        sent.append((email, message))

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = remember
    return sent
