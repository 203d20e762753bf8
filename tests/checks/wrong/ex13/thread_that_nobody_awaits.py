# Runs the task in a thread that nobody waits for.
# fails: ?

from threading import Thread


class InProcess:
    """Deliver after the response, in this process, until it works."""

    def __init__(
        self, settings: Settings, tasks: Tasks, background: BackgroundTasks
    ) -> None:
        self.settings, self.tasks = settings, tasks
        self.background = background

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        Thread(target=self.deliver, args=(name, kwargs)).start()
        return uuid4().hex

    def deliver(self, name: str, kwargs: dict[str, JsonValue]) -> None:
        for left in reversed(range(self.settings.max_attempts)):
            try:
                self.tasks[name](**kwargs)
            except Exception:
                if not left:
                    raise
                time.sleep(self.settings.retry_delay)
            else:
                return
