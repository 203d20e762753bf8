# Axis: a delivery is async, its work runs in a thread.

import asyncio


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    async def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return  # delivered twice, done once
            log.status = "started"
            log.attempts += 1
        try:
            await asyncio.to_thread(work, log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}


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

    async def deliver(self, name: str, kwargs: dict[str, JsonValue]) -> None:
        for left in reversed(range(self.settings.max_attempts)):
            try:
                await self.tasks[name](**kwargs)
            except Exception:
                if not left:
                    raise
                await asyncio.sleep(self.settings.retry_delay)
            else:
                return


def deliver_queued(name: str, kwargs: dict[str, JsonValue]) -> None:
    """Do one delivery in a worker, where no application was started."""
    settings = get_settings()
    tasks = get_tasks(settings, get_session_factory(settings), get_work())
    asyncio.run(tasks[name](**kwargs))
