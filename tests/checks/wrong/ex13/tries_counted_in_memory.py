# Counts the tries in a dictionary of the process.
# fails: test_on_a_queue_it_is_dead_after_the_last_try


TRIES: dict[int, int] = {}


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return  # delivered twice, done once
            log.status = "started"
            TRIES[log_id] = TRIES.get(log_id, 0) + 1
            log.attempts = TRIES[log_id]
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}
