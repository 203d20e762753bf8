# The record is committed, what the work wrote is not.
# fails: test_what_a_task_wrote_is_kept_or_undone


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        error = None
        try:
            with new_session() as session:
                work(session, task_name)
        except Exception as exc:
            error = str(exc)
        with new_session.begin() as session:
            log = session.get_one(TaskLog, log_id)
            end(log, "completed" if error is None else "failed", error)

    return track
