# The given work is called, whatever get_work gives.
# fails: test_a_task_has_a_session_of_its_own, test_the_row_can_be_read_while_the_task_runs, test_a_failing_task_is_recorded_as_failed


def work(session: Session, task_name: str) -> None:
    if task_name == "crash":
        raise ValueError("the task has crashed")


def get_work() -> Work:
    return work


def get_task_tracker(new_session: SessionsDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))

    return track
