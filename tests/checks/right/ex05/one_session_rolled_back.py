# Axis: one session for the work and both ends, rolled back by hand and committed once; closed in a finally.


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        session = new_session()
        try:
            log = session.get_one(TaskLog, log_id)
            try:
                work(session, task_name)
                session.commit()
                log.status = "completed"
            except Exception as exc:
                session.rollback()
                log.status = "failed"
                log.error = str(exc)
            log.completed_at = datetime.now(UTC)
            session.commit()
        finally:
            session.close()

    return track
