# The row itself crosses over; nothing but its ID is read, as long as it lives.
# fails: test_the_task_gets_no_row


def get_task_tracker(new_session: SessionsDep, work: WorkDep):
    def track(log: TaskLog) -> None:
        try:
            with new_session.begin() as session:
                work(session, log.task_name)
                end(session.get_one(TaskLog, log.id), "completed")
        except Exception as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log.id), "failed", str(exc))
            raise

    return track


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    tasks.add_task(track, log)
    return {"id": log.id}
