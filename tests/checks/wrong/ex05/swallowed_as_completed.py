# The exception is logged, and the task is said to be completed.
# fails: test_a_failing_task_is_recorded_as_failed

import logging


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
        except Exception:
            logging.exception("%s failed", task_name)
        with new_session.begin() as session:
            end(session.get_one(TaskLog, log_id), "completed")

    return track
