# Axis: tenacity tries again in this process.


class InProcess:
    def __init__(
        self, settings: Settings, tasks: Tasks, background: BackgroundTasks
    ) -> None:
        import tenacity

        self.retry = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(settings.max_attempts),
            wait=tenacity.wait_fixed(settings.retry_delay),
            reraise=True,
        )
        self.tasks, self.background = tasks, background

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        self.background.add_task(self.retry, self.tasks[name], **kwargs)
        return uuid4().hex
