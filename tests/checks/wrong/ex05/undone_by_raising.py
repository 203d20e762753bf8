# The failure is recorded within begin(), which the exception then undoes.
# fails: test_a_failing_task_is_recorded_as_failed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with new_session.begin() as session:
            log = session.get_one(TaskLog, log_id)
            try:
                work(session, task_name)
            except Exception as exc:
                end(log, "failed", str(exc))
                raise
            end(log, "completed")

    return track
