# Axis: the ID is handed over as a text, by keyword, in a partial.

from functools import partial


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    tasks.add_task(partial(track, task_name=task_name), log_id=str(log.id))
    return {"id": log.id}


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: str, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, int(log_id)), "completed")
        except Exception as exc:
            with new_session.begin() as session:  # fresh: the other is undone
                end(session.get_one(TaskLog, int(log_id)), "failed", str(exc))
            raise

    return track
