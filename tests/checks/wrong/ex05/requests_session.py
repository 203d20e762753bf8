# The request's session is captured, for work and record.
# fails: test_a_task_has_a_session_of_its_own


def get_task_tracker(session: SessionDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            work(session, task_name)
            end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            session.rollback()
            end(session.get_one(TaskLog, log_id), "failed", str(exc))
        session.commit()

    return track
