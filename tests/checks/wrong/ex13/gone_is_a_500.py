# That the broker is gone surprises everybody.
# fails: test_a_broker_that_is_gone_is_a_503


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    runner.enqueue("run-task", log_id=log.id)
    return {"id": log.id}
