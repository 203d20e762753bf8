# Believes that a TestClient shows which came first.
# fails: test_a_broken_app_is_noticed[runs_before_the_response]

del test_a_task_that_fails_does_not_change_the_response


def test_the_response_comes_first(client, sent):
    events = []
    response = notify(client, ADA, "Hello!")
    events.append(response.status_code)
    events.extend(sent)
    assert events == [202, (ADA, "Hello!")]
