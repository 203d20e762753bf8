# Axis: UPDATE statements in place of loaded rows.


def end(session, log_id: int, status: str, error=None) -> None:
    values = {"status": status, "error": error}
    row = sa.update(TaskLog).where(TaskLog.id == log_id)
    session.execute(row.values(completed_at=datetime.now(UTC), **values))


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session, log_id, "completed")
        except Exception as exc:
            with new_session.begin() as session:  # fresh: the other is undone
                end(session, log_id, "failed", str(exc))
            raise

    return track
