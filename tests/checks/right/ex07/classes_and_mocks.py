# Axis: a class of tests, mocks, and a small ASGI application for the order.

from unittest.mock import MagicMock, call

import pytest

pytest_plugins = ["checks.app_under_test"]


class TestNotifications:
    URL = "/send-notification/{}?message={}"

    @pytest.fixture(autouse=True)
    def replace_the_task(self, target, client_for, monkeypatch):
        self.task = MagicMock()
        monkeypatch.setitem(
            target.app.dependency_overrides,
            target.get_notification_task,
            lambda: self.task,
        )
        self.app = target.app
        self.client = client_for(target.app)

    def test_a_notification_is_sent(self):
        response = self.client.post(self.URL.format("ada@example.com", "Hi"))
        assert response.status_code == 202
        self.task.assert_called_once_with("ada@example.com", "Hi")

    def test_two_requests(self):
        for name in ("ada", "bob"):
            self.client.post(self.URL.format(f"{name}@example.com", name))
        assert self.task.mock_calls == [
            call("ada@example.com", "ada"),
            call("bob@example.com", "bob"),
        ]

    @pytest.mark.parametrize("bad", ["not-an-email", "a@b@c"])
    def test_bad_addresses(self, bad):
        response = self.client.post(self.URL.format(bad, "Hi"))
        assert response.status_code == 422
        self.task.assert_not_called()

    def test_order(self, client_for):
        events = []
        self.task.side_effect = lambda *_: events.append("task")

        async def watched(scope, receive, send):
            async def noted(message):
                events.append(message["type"])
                await send(message)

            await self.app(scope, receive, noted)

        client_for(watched).post(self.URL.format("ada@example.com", "Hi"))
        assert events[-2:] == ["http.response.body", "task"]
