# Waits for the task without end where there is none.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_a_broken_app_is_noticed[never_scheduled], test_a_broken_app_is_noticed[scheduled_twice], test_a_broken_app_is_noticed[ignores_the_override], test_a_broken_app_is_noticed[loses_the_message], test_a_broken_app_is_noticed[mixes_requests]

import threading

del test_each_request_sends_its_own
del test_the_real_task_fills_the_outbox


def test_a_notification_is_sent(target, client):
    called = threading.Event()
    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: lambda *_: called.set()
    assert notify(client, ADA, "Hello!").status_code == 202
    called.wait()
