# The first task opens a session, and all tasks use it.
# fails: test_a_task_has_a_session_of_its_own

kept: list[Session] = []


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        kept[1:] = []
        if not kept:
            kept.append(new_session())
        session = kept[0]
        try:
            work(session, task_name)
            end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            session.rollback()
            end(session.get_one(TaskLog, log_id), "failed", str(exc))
        session.commit()
        session.close()

    return track
