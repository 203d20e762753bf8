# One transaction for a whole delivery: a failure undoes its count.
# fails: test_in_this_process_it_is_tried_again, test_after_the_last_try_it_is_dead


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
