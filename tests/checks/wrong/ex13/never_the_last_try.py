# Leaves out the last try.
# fails: test_in_this_process_it_is_tried_again, test_after_the_last_try_it_is_dead


class InProcess:
    """Deliver after the response, in this process, until it works."""

    def __init__(
        self, settings: Settings, tasks: Tasks, background: BackgroundTasks
    ) -> None:
        self.settings, self.tasks = settings, tasks
        self.background = background

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        self.background.add_task(self.deliver, name, kwargs)
        return uuid4().hex

    def deliver(self, name: str, kwargs: dict[str, JsonValue]) -> None:
        for _ in range(self.settings.max_attempts - 1):
            try:
                self.tasks[name](**kwargs)
            except Exception:
                time.sleep(self.settings.retry_delay)
            else:
                return
