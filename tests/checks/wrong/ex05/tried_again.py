# Work that fails is tried a second time.
# fails: test_a_failing_task_is_recorded_as_failed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def do(log_id: int, task_name: str) -> None:
        with new_session.begin() as session:
            work(session, task_name)
            end(session.get_one(TaskLog, log_id), "completed")

    def track(log_id: int, task_name: str) -> None:
        try:
            try:
                do(log_id, task_name)
            except Exception:
                do(log_id, task_name)
        except Exception as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))

    return track
