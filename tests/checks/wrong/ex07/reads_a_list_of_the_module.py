# A list is read that only one way to build the application has.
# fails: test_every_right_app_passes_and_a_broken_one_does_not


def test_the_real_task_fills_the_outbox(target, client):
    notify(client, ADA, "Hello!")
    assert target.sent == [(ADA, "Hello!")]
