# The endpoint enqueues the task, and adds it too.
# fails: test_the_task_is_left_to_the_runner, test_in_this_process_it_runs_after_the_response


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    new_session: SessionsDep,
    work: WorkDep,
    background: BackgroundTasks,
    runner: RunnerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    runner.enqueue("run-task", log_id=log.id)
    background.add_task(work, task_name)
    return {"id": log.id}
