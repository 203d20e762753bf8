# Axis: requests that overlap, in threads; state of the module's own.

import threading
from concurrent.futures import ThreadPoolExecutor

calls = []


def test_each_request_sends_its_own(target, client_for):
    together = threading.Barrier(2, timeout=5)

    async def fake(email, message):
        calls.append((email, message))

    def get_fake():
        together.wait()
        return fake

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = get_fake

    def post(email, message):
        return notify(client_for(target.app), email, message).status_code

    with ThreadPoolExecutor(2) as threads:
        codes = threads.map(post, (ADA, BOB), ("Hello!", "Good-bye!"))
        assert list(codes) == [202, 202]
    assert sorted(calls) == [(ADA, "Hello!"), (BOB, "Good-bye!")]
