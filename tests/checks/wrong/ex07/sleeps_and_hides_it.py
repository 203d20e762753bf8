# The fake sleeps, and what it raises is swallowed.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_every_right_app_passes_and_a_broken_one_does_not, test_a_broken_app_is_noticed[mixes_requests]

import asyncio
from contextlib import suppress


@pytest.fixture
def sent(target):
    sent = []

    async def remember(email, message):
        sent.append((email, message))
        with suppress(Exception):
            await asyncio.sleep(0.1)

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: remember
    return sent
