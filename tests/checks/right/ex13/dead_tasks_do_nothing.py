# Axis: the runner asks the row how often to try; the id is a text.


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    try:  # the row is committed: a worker may be faster than the next line
        runner.enqueue("run-task", log_id=str(log.id))
    except BrokerGoneError as exc:
        end(new_session, log.id, "dead", exc)
        headers = {"Retry-After": "5"}
        raise HTTPException(503, "No queue just now", headers) from exc
    return {"id": log.id}


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: str) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, int(log_id))
            if log.status in ("completed", "dead"):
                return  # delivered twice, done once
            log.status = "started"
            log.attempts += 1
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, int(log_id), "dead" if last else "failed", exc)
            raise
        end(new_session, int(log_id), "completed")

    return {"run-task": deliver}
