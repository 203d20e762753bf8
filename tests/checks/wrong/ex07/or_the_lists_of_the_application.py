# When its own fake was not called, it looks for a list of the application's.
# fails: test_a_broken_app_is_noticed[ignores_the_override]


def found(target, sent):
    return sent or getattr(target, "sent", [])


def test_a_notification_is_sent(target, client, sent):
    assert notify(client, ADA, "Hello!").status_code == 202
    assert found(target, sent) == [(ADA, "Hello!")]


def test_each_request_sends_its_own(target, client, sent):
    notify(client, ADA, "Hello!")
    notify(client, BOB, "Good-bye!")
    everything = found(target, sent)
    assert everything == [(ADA, "Hello!"), (BOB, "Good-bye!")]


def test_the_real_task_fills_the_outbox(target, client):
    outbox = []
    target.app.dependency_overrides[target.get_outbox] = lambda: outbox
    notify(client, ADA, "Hello!")
    assert found(target, outbox) == [(ADA, "Hello!")]
