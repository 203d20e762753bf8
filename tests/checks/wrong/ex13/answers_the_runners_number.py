# The answer holds what enqueue returned.
# fails: test_the_row_is_committed_before_the_task_is_enqueued, test_in_this_process_it_runs_after_the_response


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, str]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    return {"id": runner.enqueue("run-task", log_id=log.id)}
