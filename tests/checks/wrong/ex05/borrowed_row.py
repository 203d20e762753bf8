# The request's row is handed over; the task changes it and commits its session.
# fails: test_a_task_has_a_session_of_its_own

from sqlalchemy.orm import object_session


def get_task_tracker(new_session: SessionsDep, work: WorkDep):
    def track(log: TaskLog) -> None:
        try:
            with new_session.begin() as session:
                work(session, log.task_name)
        except Exception as exc:
            end(log, "failed", str(exc))
        else:
            end(log, "completed")
        object_session(log).commit()

    return track


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
    tasks.add_task(track, log)
    return {"id": log.id}
