# Enqueued inside the transaction: the worker finds no row.
# fails: test_the_row_is_committed_before_the_task_is_enqueued


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    with new_session.begin() as db:
        log = TaskLog(task_name=task_name)
        db.add(log)
        db.flush()
        runner.enqueue("run-task", log_id=log.id)
    return {"id": log.id}
