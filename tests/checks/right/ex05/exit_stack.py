# Axis: an ExitStack records how it ended.

from contextlib import ExitStack


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        def record(kind, error, _):
            with new_session.begin() as session:
                log = session.get_one(TaskLog, log_id)
                end(log, *(["failed", str(error)] if kind else ["completed"]))

        with ExitStack() as stack:
            stack.push(record)
            session = stack.enter_context(new_session.begin())
            work(session, task_name)

    return track
