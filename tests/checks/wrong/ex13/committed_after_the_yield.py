# A dependency commits when the endpoint is over.
# fails: test_the_row_is_committed_before_the_task_is_enqueued, test_in_this_process_it_runs_after_the_response


def get_session(new_session: SessionsDep):
    with new_session.begin() as db:
        yield db


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    db: Annotated[Session, Depends(get_session)],
    runner: RunnerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    db.add(log)
    db.flush()
    runner.enqueue("run-task", log_id=log.id)
    return {"id": log.id}
