# The endpoint adds the task itself; the runner is only there for show.
# fails: test_the_task_is_left_to_the_runner


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    new_session: SessionsDep,
    tasks: TasksDep,
    background: BackgroundTasks,
    runner: RunnerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    background.add_task(tasks["run-task"], log.id)
    return {"id": log.id}
