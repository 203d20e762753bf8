# Axis: a task only raises; it is the runner, a closure, that counts the tries and calls the row dead.

from types import SimpleNamespace


def get_tasks(new_session: SessionsDep, work: WorkDep) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session() as db:
            log = db.get_one(TaskLog, log_id)
        if log.status != "completed":
            work(log.task_name)
            end(new_session, log_id, "completed")

    return {"run-task": deliver}


def until_dead(
    settings: Settings,
    new_session: sessionmaker[Session],
    tasks: Tasks,
    name: str,
    log_id: int,
) -> None:
    def count() -> int:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            log.attempts += 1
            return log.attempts

    while count() <= settings.max_attempts:
        try:
            return tasks[name](log_id=log_id)
        except Exception as exc:
            failure = exc
            with new_session.begin() as db:
                log = db.get_one(TaskLog, log_id)
                if log.attempts == settings.max_attempts:
                    log.status, log.error = "dead", str(failure)
                    return None
            time.sleep(settings.retry_delay)


def deliver_queued(name: str, kwargs: dict[str, JsonValue]) -> None:
    settings = get_settings()
    factory = get_session_factory(settings)
    tasks = get_tasks(factory, get_work())
    until_dead(settings, factory, tasks, name, kwargs["log_id"])


def get_runner(
    settings: SettingsDep,
    new_session: SessionsDep,
    tasks: TasksDep,
    background: BackgroundTasks,
) -> TaskRunner:
    if settings.backend == "queue":
        return OnQueue(settings)

    def enqueue(name: str, /, *, log_id: int) -> str:
        background.add_task(
            until_dead, settings, new_session, tasks, name, log_id
        )
        return str(log_id)

    return SimpleNamespace(enqueue=enqueue)
