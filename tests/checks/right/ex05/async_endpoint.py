# Axis: the endpoint is async; the row is written in a thread.

from fastapi.concurrency import run_in_threadpool


@app.post("/run-task/{task_name}", status_code=202)
async def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    await run_in_threadpool(session.commit)
    tasks.add_task(track, log.id, task_name)
    return {"id": log.id}
