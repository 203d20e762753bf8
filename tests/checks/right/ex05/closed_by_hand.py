# Axis: sessions closed in a `finally`, commit and rollback by hand; the failure stays in the log.


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        session = new_session()
        try:
            work(session, task_name)
        except Exception as exc:
            session.rollback()
            end(session.get_one(TaskLog, log_id), "failed", repr(exc))
        else:
            end(session.get_one(TaskLog, log_id), "completed")
        finally:
            session.commit()
            session.close()

    return track
