# The same name asked for again is the same row.
# fails: test_requests_do_not_mix


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    with new_session.begin() as db:
        named = sa.select(TaskLog).where(TaskLog.task_name == task_name)
        log = db.scalars(named).first() or TaskLog(task_name=task_name)
        db.add(log)
    runner.enqueue("run-task", log_id=log.id)
    return {"id": log.id}
