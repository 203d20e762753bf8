# The row appears when the task has ended.
# fails: test_the_row_can_be_read_while_the_task_runs, test_others_are_answered_while_a_task_works

from itertools import count

ids = count(1)


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        log = TaskLog(id=log_id, task_name=task_name)
        try:
            with new_session.begin() as session:
                work(session, task_name)
        except Exception as exc:
            end(log, "failed", str(exc))
        else:
            end(log, "completed")
        with new_session.begin() as session:
            session.add(log)

    return track


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, tasks: BackgroundTasks, track: TrackerDep
) -> dict[str, int]:
    log_id = next(ids)
    tasks.add_task(track, log_id, task_name)
    return {"id": log_id}
