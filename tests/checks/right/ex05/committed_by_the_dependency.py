# Axis: get_session commits when the endpoint has returned, before the response (scope "function"); two sessions at once in the task.


def get_session(new_session: SessionsDep) -> Iterator[Session]:
    with new_session() as session:
        yield session
        session.commit()


SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with new_session() as for_log, new_session() as for_work:
            log = for_log.get(TaskLog, log_id)
            try:
                work(for_work, task_name)
                for_work.commit()
            except Exception as exc:
                for_work.rollback()
                end(log, "failed", str(exc))
                raise
            else:
                end(log, "completed")
            finally:
                for_log.commit()

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
    session.flush()
    tasks.add_task(track, log.id, task_name)
    return {"id": log.id}
