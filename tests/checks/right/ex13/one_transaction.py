# Axis: one transaction from the try to its end, which a kill undoes; a failure is written in a fresh one.


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        try:
            with new_session.begin() as db:
                log = db.get_one(TaskLog, log_id)
                if log.status == "completed":
                    return
                log.attempts += 1
                log.status = "completed"
                db.flush()  # other deliveries wait from here on
                work(log.task_name)
        except Exception as exc:
            with new_session.begin() as db:
                log = db.get_one(TaskLog, log_id)
                log.attempts += 1
                dead = log.attempts >= settings.max_attempts
                log.status = "dead" if dead else "again"
                log.error = str(exc)
            raise

    return {"run-task": deliver}
