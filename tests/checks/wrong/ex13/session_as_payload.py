# A session travels with the id.
# fails: test_only_json_is_enqueued


def get_tasks(settings: SettingsDep, work: WorkDep) -> Tasks:
    def deliver(log_id: int, db: Session) -> None:
        log = db.get_one(TaskLog, log_id)
        if log.status == "completed":
            return
        log.attempts += 1
        db.commit()
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            log.status, log.error = "dead" if last else "failed", str(exc)
            raise
        else:
            log.status = "completed"
        finally:
            db.commit()

    return {"run-task": deliver}


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    db = new_session()
    log = TaskLog(task_name=task_name)
    db.add(log)
    db.commit()
    runner.enqueue("run-task", log_id=log.id, db=db)
    return {"id": log.id}
