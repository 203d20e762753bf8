# The changes of failing work are committed with the record of its failure.
# fails: test_what_a_task_wrote_is_kept_or_undone


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with new_session() as session:
            log = session.get_one(TaskLog, log_id)
            try:
                work(session, task_name)
                end(log, "completed")
            except sa.exc.SQLAlchemyError as exc:
                session.rollback()
                end(log, "failed", str(exc))
            except Exception as exc:
                end(log, "failed", str(exc))
            session.commit()

    return track
