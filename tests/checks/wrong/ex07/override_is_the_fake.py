# The fake itself is the override, so FastAPI calls it as a dependency.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_a_broken_app_is_noticed[never_scheduled], test_a_broken_app_is_noticed[scheduled_twice], test_a_broken_app_is_noticed[loses_the_message], test_a_broken_app_is_noticed[sends_despite_422], test_a_broken_app_is_noticed[mixes_requests]

del test_the_real_task_fills_the_outbox
del test_a_task_that_fails_does_not_change_the_response


@pytest.fixture
def sent(target):
    sent = []

    def remember(email: str, message: str) -> None:
        sent.append((email, message))

    target.app.dependency_overrides[target.get_notification_task] = remember
    return sent


@pytest.fixture
def client(target, client_for):
    return client_for(target.app, raise_server_exceptions=False)


@pytest.mark.parametrize("email", ["not-an-email", "a@b@c"])
def test_what_is_no_address_is_refused(client, email):
    assert notify(client, email, "Hello!").status_code == 422
