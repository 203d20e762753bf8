# The record is made with a session that is closed already: it opens again.
# fails: test_each_session_is_closed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        error = None
        try:
            with new_session.begin() as session:
                work(session, task_name)
        except Exception as exc:
            error = str(exc)
        log = session.get_one(TaskLog, log_id)
        end(log, "failed" if error else "completed", error)
        session.commit()

    return track
