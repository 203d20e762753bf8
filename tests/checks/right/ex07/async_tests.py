# Axis: async tests (anyio), httpx2's own client, async fakes.

from unittest.mock import AsyncMock

import httpx2
import pytest

pytest_plugins = ["checks.app_under_test"]
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def task(target):
    task = AsyncMock()
    target.app.dependency_overrides[target.get_notification_task] = lambda: (
        task
    )
    return task


@pytest.fixture
def post(target):
    async def post(email="ada@example.com", message="Hello!", **options):
        transport = httpx2.ASGITransport(target.app, **options)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://test"
        ) as client:
            return await client.post(
                f"/send-notification/{email}", params={"message": message}
            )

    return post


async def test_a_notification_is_sent(task, post):
    assert (await post()).status_code == 202
    task.assert_awaited_once_with("ada@example.com", "Hello!")


async def test_two(task, post):
    await post()
    await post("bob@example.com", "Good-bye!")
    assert [c.args for c in task.await_args_list] == [
        ("ada@example.com", "Hello!"),
        ("bob@example.com", "Good-bye!"),
    ]


async def test_refused(task, post):
    assert (await post("not-an-email")).status_code == 422
    task.assert_not_called()


async def test_too_late_to_matter(task, post):
    task.side_effect = OSError("no mail server here")
    assert (await post(raise_app_exceptions=False)).status_code == 202
