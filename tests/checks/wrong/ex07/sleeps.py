# Sleeps, "so that the task has time".
# fails: test_every_right_app_passes_and_a_broken_one_does_not

import time


def test_a_notification_is_sent(client, sent):
    assert notify(client, ADA, "Hello!").status_code == 202
    time.sleep(0.2)
    assert sent == [(ADA, "Hello!")]
