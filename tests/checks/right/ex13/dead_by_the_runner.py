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


def get_runner(
    settings: SettingsDep,
    new_session: SessionsDep,
    tasks: TasksDep,
    background: BackgroundTasks,
) -> TaskRunner:
    def count(log_id: int) -> int:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            log.attempts += 1
            return log.attempts

    def deliver(name: str, log_id: int) -> None:
        while count(log_id) <= settings.max_attempts:
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

    def enqueue(name: str, /, *, log_id: int) -> str:
        background.add_task(deliver, name, log_id)
        return str(log_id)

    return SimpleNamespace(enqueue=enqueue)
