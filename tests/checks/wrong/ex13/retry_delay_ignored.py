# The next try comes at once, whatever was set.
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
                self.tasks[name](**kwargs)
            except Exception:
                if not left:
                    raise
            else:
                return
