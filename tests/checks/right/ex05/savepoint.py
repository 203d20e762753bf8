# Axis: the work in a savepoint of the task's one transaction; the error is the whole traceback.

import traceback


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with new_session.begin() as session:
            try:
                with session.begin_nested():
                    work(session, task_name)
            except Exception:
                status, error = "failed", traceback.format_exc()
            else:
                status, error = "completed", None
            session.execute(
                sa.update(TaskLog)
                .where(TaskLog.id == log_id)
                .values(status=status, error=error, completed_at=sa.func.now())
            )

    return track
