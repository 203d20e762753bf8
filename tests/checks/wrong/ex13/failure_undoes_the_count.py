# One transaction for a whole delivery: a failure undoes its count.
# fails: ?


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return  # delivered twice, done once
            log.attempts += 1
            work(log.task_name)
            log.status = "completed"

    return {"run-task": deliver}
