# Axis: monkeypatch sets the overrides, a Mock asserts the calls.

from unittest.mock import Mock


@pytest.fixture
def sent(target: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Remember what is sent: replace the task."""
    sent: Sent = []
    task = Mock(side_effect=lambda *args: sent.append(args))
    overrides = target.app.dependency_overrides
    monkeypatch.setitem(overrides, target.get_notification_task, lambda: task)
    return sent
