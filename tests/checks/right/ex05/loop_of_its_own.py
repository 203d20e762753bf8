# Axis: a def task that runs a loop of its own in its thread; the work's session is given up by hand.

import asyncio


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    async def do(log_id: int, task_name: str) -> None:
        session = new_session(autoflush=False)
        transaction = session.begin()
        try:
            work(session, task_name)
            transaction.commit()
            status, error = "completed", None
        except Exception as exc:
            transaction.rollback()
            status, error = "failed", " ".join(map(str, exc.args))
        session.close()
        with new_session.begin() as session:
            log = session.merge(TaskLog(id=log_id, status=status, error=error))
            log.completed_at = datetime.now(UTC)

    def track(log_id: int, task_name: str) -> None:
        asyncio.run(do(log_id, task_name))

    return track
