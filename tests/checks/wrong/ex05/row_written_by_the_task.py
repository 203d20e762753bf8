# The row is written by the task: who asks at once finds none.
# fails: test_the_row_can_be_read_while_the_task_runs

from itertools import count

ids = count(1)


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with new_session.begin() as session:
            session.add(TaskLog(id=log_id, task_name=task_name))
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))

    return track


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, tasks: BackgroundTasks, track: TrackerDep
) -> dict[str, int]:
    log_id = next(ids)
    tasks.add_task(track, log_id, task_name)
    return {"id": log_id}
