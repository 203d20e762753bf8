# Ends every row of this name: an earlier one that failed is completed now.
# fails: test_a_failing_task_is_recorded_as_failed


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        mine = sa.update(TaskLog).where(TaskLog.task_name == task_name)
        try:
            with new_session.begin() as session:
                work(session, task_name)
                session.execute(
                    mine.values(
                        status="completed", completed_at=datetime.now(UTC)
                    )
                )
        except Exception as exc:
            with new_session.begin() as session:
                session.execute(
                    mine.values(
                        status="failed",
                        error=str(exc),
                        completed_at=datetime.now(UTC),
                    )
                )
            raise

    return track
