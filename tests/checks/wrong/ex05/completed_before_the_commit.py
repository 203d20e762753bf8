# The row is completed first, in a transaction of its own; the work comes after it.
# fails: test_the_row_can_be_read_while_the_task_runs, test_others_are_answered_while_a_task_works, test_the_end_is_told_in_utc


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with new_session.begin() as session:
            end(session.get_one(TaskLog, log_id), "completed")
        try:
            with new_session.begin() as session:
                work(session, task_name)
        except Exception as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))
            raise

    return track
