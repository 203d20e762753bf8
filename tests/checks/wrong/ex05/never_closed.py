# The task's session is committed, but never closed.
# fails: test_each_session_is_closed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        session = new_session()
        try:
            work(session, task_name)
            end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            session.rollback()
            end(session.get_one(TaskLog, log_id), "failed", str(exc))
        session.commit()

    return track
