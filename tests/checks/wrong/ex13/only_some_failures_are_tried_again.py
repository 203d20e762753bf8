# The runner tries again after a ValueError, and after no other failure.
# fails: test_in_this_process_it_is_tried_again


class InProcess:
    def __init__(
        self, settings: Settings, tasks: Tasks, background: BackgroundTasks
    ) -> None:
        self.settings, self.tasks = settings, tasks
        self.background = background

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        self.background.add_task(self.deliver, name, kwargs)
        return uuid4().hex

    def deliver(self, name: str, kwargs: dict[str, JsonValue]) -> None:
        for left in reversed(range(self.settings.max_attempts)):
            try:
                return self.tasks[name](**kwargs)
            except ValueError:
                if not left:
                    raise
                time.sleep(self.settings.retry_delay)
