# Lets the client raise what the task raises, so the order is not seen.
# fails: test_a_broken_app_is_noticed[runs_before_the_response]


def test_a_task_that_fails_does_not_change_the_response(
    target: ModuleType, client_for: ClientFor
) -> None:
    def fail(email: str, message: str) -> None:
        raise ConnectionRefusedError("no mail server here")

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: fail
    with pytest.raises(ConnectionRefusedError):
        notify(client_for(target.app), ADA, "Hello!")
