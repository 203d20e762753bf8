# The failure is recorded with the session that needs a rollback.
# fails: test_what_a_task_wrote_is_kept_or_undone, test_work_that_breaks_its_session_is_recorded_too


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with new_session() as session:
            try:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
            except Exception as exc:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))
            session.commit()

    return track
