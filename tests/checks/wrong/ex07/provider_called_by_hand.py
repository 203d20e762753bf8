# get_outbox is called by hand, as if it were always a plain function.
# fails: test_every_right_app_passes_and_a_broken_one_does_not


def test_the_real_task_fills_the_outbox(target, client):
    notify(client, ADA, "Hello!")
    assert target.get_outbox() == [(ADA, "Hello!")]
