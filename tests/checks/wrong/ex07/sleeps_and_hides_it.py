# The fake sleeps, and what it raises is swallowed.
# fails: test_every_right_app_passes_and_a_broken_one_does_not

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
