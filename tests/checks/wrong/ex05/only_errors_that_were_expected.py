# Only the exceptions that somebody has thought of are recorded.
# fails: test_work_that_breaks_its_session_is_recorded_too


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except (OSError, ValueError) as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))

    return track
