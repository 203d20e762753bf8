# The row itself is the payload.
# fails: test_only_json_is_enqueued


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(task: TaskLog) -> None:
        log_id = task.id
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return
            log.status = "started"
            log.attempts += 1
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    runner.enqueue("run-task", task=log)
    return {"id": log.id}
