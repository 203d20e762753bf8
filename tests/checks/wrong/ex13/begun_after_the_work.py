# Works first, then writes down that it has begun.
# fails: test_in_this_process_it_is_tried_again, test_after_the_last_try_it_is_dead


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return  # delivered twice, done once
        try:
            work(log.task_name)
            with new_session.begin() as db:
                log = db.get_one(TaskLog, log_id)
                log.attempts += 1
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}
