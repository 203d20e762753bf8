# The session is closed when the task completes, and left open when it fails.
# fails: test_each_session_is_closed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        session = new_session()
        try:
            work(session, task_name)
            end(session.get_one(TaskLog, log_id), "completed")
            session.commit()
            session.close()
        except Exception as exc:
            session.rollback()
            with new_session.begin() as fresh:
                end(fresh.get_one(TaskLog, log_id), "failed", str(exc))

    return track
