# The task does the newest row.
# fails: test_requests_do_not_mix


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            newest = sa.select(TaskLog).order_by(TaskLog.id.desc()).limit(1)
            log = db.scalars(newest).one()
            log_id = log.id
            if log.status in ("completed", "dead"):
                return
            log.status = "started"
            log.attempts += 1
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}
