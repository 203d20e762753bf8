# The name of the provider is patched: FastAPI never looks at it.
# fails: test_the_given_test_notices_that_nothing_is_sent

from unittest.mock import MagicMock, patch


def test_a_notification_is_sent(target, client):
    task = MagicMock()
    with patch.object(target, "get_notification_task", return_value=task):
        assert notify(client, ADA, "Hello!").status_code == 202
