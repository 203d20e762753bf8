# Axis: a class whose instance is the task and which also writes the row; a router.

import logging
from dataclasses import dataclass

from fastapi import APIRouter


@dataclass(frozen=True)
class get_task_tracker:
    new_session: SessionsDep
    work: WorkDep

    def started(self, task_name: str) -> int:
        with self.new_session.begin() as session:
            log = TaskLog(task_name=task_name)
            session.add(log)
        return log.id

    def __call__(self, log_id: int, task_name: str) -> None:
        try:
            self._work(task_name)
        except Exception as exc:
            logging.exception("%s failed", task_name)
            self._end(log_id, "failed", repr(exc))
        else:
            self._end(log_id, "completed")

    def _work(self, task_name: str) -> None:
        session = self.new_session()
        try:
            self.work(session, task_name)
            session.commit()
        finally:
            session.close()

    def _end(self, log_id: int, status: str, error: str | None = None) -> None:
        with self.new_session.begin() as session:
            log = session.get_one(TaskLog, log_id)
            log.status = status
            log.error = error
            log.completed_at = datetime.now(UTC)


router = APIRouter(prefix="/run-task")
TrackerDep = Annotated[get_task_tracker, Depends()]


@router.post("/{task_name}", status_code=202)
def run_task(task_name: str, tasks: BackgroundTasks, track: TrackerDep):
    log_id = track.started(task_name)
    tasks.add_task(track, log_id, task_name)
    return {"id": log_id}


@app.get("/task-logs/{log_id}", response_model=TaskLogOut)
def get_task_log(log_id: int, session: SessionDep) -> TaskLog:
    log = session.get(TaskLog, log_id)
    if log is None:
        raise HTTPException(404, "There is no such task")
    return log


app.include_router(router)
