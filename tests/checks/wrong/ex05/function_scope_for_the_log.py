# The request's session, closed before the task, makes the record; it is never closed again.
# fails: test_a_task_has_a_session_of_its_own


def get_task_tracker(new_session: SessionsDep, work: WorkDep):
    def track(session: Session, log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as own:
                work(own, task_name)
        except Exception as exc:
            end(session.get_one(TaskLog, log_id), "failed", str(exc))
        else:
            end(session.get_one(TaskLog, log_id), "completed")
        session.commit()

    return track


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: Annotated[Session, Depends(get_session, scope="function")],
    track: TrackerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    tasks.add_task(track, session, log.id, task_name)
    return {"id": log.id}
