# To be on the safe side, it is enqueued twice.
# fails: test_the_task_is_left_to_the_runner


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    for _ in range(2):
        runner.enqueue("run-task", log_id=log.id)
    return {"id": log.id}
