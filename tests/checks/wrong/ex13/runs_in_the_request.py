# This process delivers while the client waits.
# fails: test_in_this_process_it_runs_after_the_response


class InProcess:
    def __init__(
        self, settings: Settings, tasks: Tasks, background: BackgroundTasks
    ) -> None:
        self.settings, self.tasks = settings, tasks
        self.background = background

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        self.deliver(name, kwargs)
        return uuid4().hex

    def deliver(self, name: str, kwargs: dict[str, JsonValue]) -> None:
        for _ in range(self.settings.max_attempts):
            try:
                return self.tasks[name](**kwargs)
            except Exception:
                time.sleep(self.settings.retry_delay)
