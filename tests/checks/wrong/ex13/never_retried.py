# The runner delivers once, whatever comes of it.
# fails: test_in_this_process_it_is_tried_again, test_after_the_last_try_it_is_dead


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
        self.tasks[name](**kwargs)
