# The row's ID lies in a global until the task runs.
# fails: test_two_tasks_do_not_share_a_session

latest: dict[str, int] = {}


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
    latest["id"] = log.id
    tasks.add_task(lambda: track(latest["id"], task_name))
    return {"id": log.id}
