# Axis: a scoped_session that is removed in the end; the row is found by a path dependency; a response with its own task.

from fastapi.responses import JSONResponse
from sqlalchemy.orm import scoped_session
from starlette.background import BackgroundTask


def get_task_tracker(new_session: SessionsDep, work: WorkDep):
    def track(name: str, log_id: int) -> None:
        sessions = scoped_session(new_session)
        try:
            try:
                work(sessions, name)
            except Exception as exc:
                sessions.rollback()
                end(sessions.get(TaskLog, log_id), "failed", str(exc))
            else:
                end(sessions.get(TaskLog, log_id), "completed")
            sessions.commit()
        finally:
            sessions.remove()

    return track


def get_log_id(task_name: str, session: SessionDep) -> int:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    session.refresh(log)
    return log.id


@app.post("/run-task/{task_name}")
def run_task(
    task_name: str,
    track: TrackerDep,
    log_id: Annotated[int, Depends(get_log_id)],
) -> JSONResponse:
    task = BackgroundTask(track, task_name, log_id)
    return JSONResponse({"id": log_id}, 202, background=task)
