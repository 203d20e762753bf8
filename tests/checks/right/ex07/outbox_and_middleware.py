# Axis: only the outbox is replaced; a middleware sees the order.

import pytest

pytest_plugins = ["checks.app_under_test"]
ADA = ("ada@example.com", "Hello!")
BOB = ("bob@example.com", "Good-bye!")


class Events(list):
    """An outbox that can be told of other things, too."""


@pytest.fixture
def outbox(target):
    box = Events()

    def get():
        yield box

    target.app.dependency_overrides[target.get_outbox] = get
    return box


@pytest.fixture
def send(target, client_for, outbox):
    def send(email, message):
        with client_for(target.app) as client:
            path = f"/send-notification/{email}?message={message}"
            return client.post(path).status_code

    return send


def test_a_notification_is_sent(send, outbox):
    assert send(*ADA) == 202
    assert outbox == [ADA]


def test_ada_and_bob_and_ada(send, outbox):
    assert [send(*each) for each in (ADA, BOB, ADA)] == [202] * 3
    assert outbox == [ADA, BOB, ADA]


def test_nonsense(send, outbox):
    assert [send(x, "y") for x in ("not-an-email", "a@b@c")] == [422] * 2
    assert not outbox


def test_the_response_is_the_first(target, send, outbox):
    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def noting(message):
                outbox.append(message["type"])
                await send(message)

            await self.app(scope, receive, noting)

    target.app.add_middleware(Middleware)
    send(*ADA)
    assert outbox.index("http.response.start") < outbox.index(ADA)
