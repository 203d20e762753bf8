# Nothing is written before the task begins.
# fails: test_the_row_is_committed_before_the_task_is_enqueued, test_in_this_process_it_runs_after_the_response


def get_tasks(new_session: SessionsDep, work: WorkDep) -> Tasks:
    def deliver(log_id: int, task_name: str) -> None:
        with new_session.begin() as db:
            db.add(TaskLog(id=log_id, task_name=task_name))
        work(task_name)
        end(new_session, log_id, "completed")

    return {"run-task": deliver}


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log_id = sum(task_name.encode())
    runner.enqueue("run-task", log_id=log_id, task_name=task_name)
    return {"id": log_id}
