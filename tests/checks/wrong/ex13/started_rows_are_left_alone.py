# Failed rows are done again; one that was killed is taken for running.
# fails: test_a_killed_delivery_can_be_repeated


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status not in ("scheduled", "failed"):
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
