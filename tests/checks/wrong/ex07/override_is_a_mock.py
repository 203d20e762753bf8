# A MagicMock is the override: FastAPI asks the client for its args and kwargs.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_every_right_app_passes_and_a_broken_one_does_not, test_a_broken_app_is_noticed[runs_before_the_response]

del test_the_real_task_fills_the_outbox
del test_a_task_that_fails_does_not_change_the_response

from unittest.mock import MagicMock


def test_a_notification_is_sent(target, client_for):
    task = MagicMock()
    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = MagicMock(return_value=task)
    response = client_for(target.app).post(
        "/send-notification/ada@example.com", params={"message": "Hello!"}
    )
    assert response.status_code == 202
    task.assert_called_once_with("ada@example.com", "Hello!")
