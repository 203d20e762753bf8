# The endpoint adds the task itself; the runner is only there for show.
# fails: test_the_row_is_committed_before_the_task_is_enqueued, test_only_json_is_enqueued, test_in_this_process_it_is_tried_again, test_after_the_last_try_it_is_dead


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
