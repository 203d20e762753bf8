# Axis: a context manager records how its body ends; the provider is a generator; the task is a partial.

from contextlib import contextmanager
from functools import partial


@contextmanager
def recorded(new_session, log_id):
    status, error = "completed", None
    try:
        yield
    except BaseException as exc:
        status, error = "failed", str(exc)
        raise
    finally:
        with new_session.begin() as session:
            session.query(TaskLog).filter_by(id=log_id).update(
                {
                    "status": status,
                    "error": error,
                    "completed_at": datetime.now(UTC),
                }
            )


def track(new_session, work, log_id: int) -> None:
    with recorded(new_session, log_id):
        with new_session.begin() as session:
            log = session.get(TaskLog, log_id)
            work(session, log.task_name)


def get_task_tracker(new_session: SessionsDep, work: WorkDep):
    yield partial(track, new_session, work)


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    with session.begin():
        log = TaskLog(task_name=task_name)
        session.add(log)
    tasks.add_task(track, log.id)
    return {"id": log.id}
