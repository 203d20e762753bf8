# The task's session is opened when the task is provided, before the response.
# fails: test_a_task_has_a_session_of_its_own


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    session = new_session()

    def track(log_id: int, task_name: str) -> None:
        with session:
            try:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
            except Exception as exc:
                session.rollback()
                end(session.get_one(TaskLog, log_id), "failed", str(exc))
            session.commit()

    return track
