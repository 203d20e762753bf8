# Axis: unittest's TestCase, with one fixture of pytest and subtests.


import unittest
import pytest

pytest_plugins = ["checks.app_under_test"]


class TestNotifications(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _given(self, target, client_for):
        self.target, self.client_for, self.sent = target, client_for, []
        target.app.dependency_overrides[target.get_notification_task] = (
            lambda: lambda e, m: self.sent.append((e, m))
        )

    def post(self, email="ada@example.com", message="Hello!", **options):
        return self.client_for(self.target.app, **options).post(
            f"/send-notification/{email}", params={"message": message}
        )

    def test_a_notification_is_sent(self):
        self.assertEqual(self.post().status_code, 202)
        self.assertEqual(self.sent, [("ada@example.com", "Hello!")])

    def test_two(self):
        self.post()
        self.post("bob@example.com", "Bye")
        self.assertEqual(len(self.sent), 2)
        self.assertEqual(self.sent[1], ("bob@example.com", "Bye"))

    def test_invalid(self):
        for bad in ("not-an-email", "a@b@c"):
            with self.subTest(bad):
                self.assertEqual(self.post(bad).status_code, 422)
        self.assertEqual(self.sent, [])

    def test_order(self):
        def fail(email, message):
            raise ValueError

        self.target.app.dependency_overrides[
            self.target.get_notification_task
        ] = lambda: fail
        self.assertEqual(
            self.post(raise_server_exceptions=False).status_code, 202
        )
