# Hands the work the factory in place of a session.
# fails: test_a_task_has_a_session_of_its_own, test_the_row_can_be_read_while_the_task_runs, test_a_failing_task_is_recorded_as_failed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(new_session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            with new_session.begin() as session:  # fresh: the other is undone
                end(session.get_one(TaskLog, log_id), "failed", str(exc))
            raise

    return track
