# Keeps the first line of the exception only.
# fails: test_a_failing_task_is_recorded_as_failed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            with new_session.begin() as session:
                end(
                    session.get_one(TaskLog, log_id),
                    "failed",
                    str(exc).splitlines()[0],
                )
            raise

    return track
