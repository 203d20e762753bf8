# Axis: the tasks wait for each other; an async endpoint; a decorator records; the request's session is never closed before the task ends, but not used.

import threading

one = threading.Lock()


def recorded(new_session):
    def decorate(function):
        def wrapped(log_id: int, *args) -> None:
            with one:
                try:
                    function(*args)
                except Exception as exc:
                    values = {"status": "failed", "error": str(exc)}
                else:
                    values = {"status": "completed", "error": None}
                with new_session() as session:
                    log = session.get(TaskLog, log_id)
                    for name, value in values.items():
                        setattr(log, name, value)
                    log.completed_at = datetime.now(UTC).replace(tzinfo=None)
                    session.commit()

        return wrapped

    return decorate


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    @recorded(new_session)
    def track(task_name: str) -> None:
        with new_session.begin() as session:
            work(session, task_name)

    return track


@app.post("/run-task/{task_name}", status_code=202)
async def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    session.refresh(log)
    tasks.add_task(track, log.id, log.task_name)
    return {"id": log.id}
