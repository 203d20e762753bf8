# Reads the id before the row has one.
# fails: test_the_row_is_committed_before_the_task_is_enqueued, test_in_this_process_it_runs_after_the_response


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    log_id = log.id
    with new_session.begin() as db:
        db.add(log)
    try:  # the row is committed: a worker may be faster than the next line
        runner.enqueue("run-task", log_id=log_id)
    except BrokerGoneError as exc:
        end(new_session, log.id, "dead", exc)
        headers = {"Retry-After": "5"}
        raise HTTPException(503, "No queue just now", headers) from exc
    return {"id": log_id}
