# Axis: an async tracker, whose blocking parts run in threads; the row is written by an async endpoint, without get_session; the error is swallowed.

import asyncio

from fastapi.concurrency import run_in_threadpool


async def get_task_tracker(new_session: SessionsDep, work: WorkDep):
    def do(task_name: str) -> None:
        with new_session() as session, session.begin():
            work(session, task_name)

    def record(log_id: int, error: str | None) -> None:
        with new_session.begin() as session:
            session.execute(
                sa.update(TaskLog)
                .where(TaskLog.id == log_id)
                .values(
                    status="completed" if error is None else "failed",
                    completed_at=datetime.now(UTC),
                    error=error,
                )
            )

    async def track(*, log_id: int, task_name: str) -> None:
        error = None
        try:
            await asyncio.to_thread(do, task_name)
        except Exception as exc:
            error = f"{type(exc).__name__}: {exc}"
        await asyncio.to_thread(record, log_id, error)

    return track


@app.post("/run-task/{task_name}", status_code=202)
async def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    new_session: SessionsDep,
    track: TrackerDep,
):
    def insert() -> int:
        with new_session.begin() as session:
            log = TaskLog(task_name=task_name, status="started")
            session.add(log)
            session.flush()
            return log.id

    log_id = await run_in_threadpool(insert)
    tasks.add_task(track, log_id=log_id, task_name=task_name)
    return {"id": log_id}
