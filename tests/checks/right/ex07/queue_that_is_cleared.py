# Axis: a queue keeps the calls; a generator clears the overrides.

from queue import SimpleQueue


@pytest.fixture
def sent(target: ModuleType) -> Sent:
    """Remember what is sent: replace the task."""
    calls = SimpleQueue()

    class Calls:
        def __eq__(self, wanted: object) -> bool:
            found = [calls.get() for _ in range(calls.qsize())]
            return found == wanted

    class Task:
        async def __call__(self, *args: str) -> None:
            calls.put(args)

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = Task
    yield Calls()
    overrides.clear()
