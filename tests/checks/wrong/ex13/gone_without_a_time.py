# The client is not told when to come back.
# fails: test_a_broker_that_is_gone_is_a_503


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    try:
        runner.enqueue("run-task", log_id=log.id)
    except BrokerGoneError as exc:
        raise HTTPException(503, "No queue just now") from exc
    return {"id": log.id}
