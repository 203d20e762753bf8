# Returns the 503 in a tuple, as in another framework.
# fails: test_a_broker_that_is_gone_is_a_503


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    try:  # the row is committed: a worker may be faster than the next line
        runner.enqueue("run-task", log_id=log.id)
    except BrokerGoneError as exc:
        end(new_session, log.id, "dead", exc)
        headers = {"Retry-After": "5"}
        return {"error": "No queue just now"}, 503, headers
    return {"id": log.id}
