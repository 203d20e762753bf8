# What is enqueued is a function that does the work.
# fails: test_only_json_is_enqueued


def get_tasks() -> Tasks:
    return {"call": lambda task: task()}


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    new_session: SessionsDep,
    settings: SettingsDep,
    work: WorkDep,
    runner: RunnerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    log_id = log.id

    def task() -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status == "completed":
                return
            log.attempts += 1
        try:
            work(task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    runner.enqueue("call", task=task)
    return {"id": log_id}
