# A delivery says by its value that the work failed; only the own runner asks.
# fails: test_a_failed_delivery_raises_and_can_be_repeated


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> bool:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return True
            log.status = "started"
            log.attempts += 1
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            return False
        end(new_session, log_id, "completed")
        return True

    return {"run-task": deliver}


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
        for _ in range(self.settings.max_attempts):
            if self.tasks[name](**kwargs):
                return
            time.sleep(self.settings.retry_delay)
