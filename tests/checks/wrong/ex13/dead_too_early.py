# Dead after the first failure, and tried again all the same.
# fails: test_a_failed_delivery_raises_and_can_be_repeated


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status == "completed":
                return
            log.status = "started"
            log.attempts += 1
        try:
            work(log.task_name)
        except Exception as exc:
            end(new_session, log_id, "dead", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}
