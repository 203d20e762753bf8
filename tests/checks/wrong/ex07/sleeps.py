# Sleeps, "so that the task has time".
# fails: test_every_right_app_passes_and_a_broken_one_does_not

import time


def test_the_real_task_fills_the_outbox(target, client):
    outbox = []
    target.app.dependency_overrides[target.get_outbox] = lambda: outbox
    notify(client, ADA, "Hello!")
    time.sleep(0.2)
    assert outbox == [(ADA, "Hello!")]
