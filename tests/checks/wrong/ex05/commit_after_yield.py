# The row is committed after the request's yield, so after the task.
# fails: test_a_task_has_a_session_of_its_own, test_the_row_can_be_read_while_the_task_runs, test_a_failing_task_is_recorded_as_failed


def get_session(new_session: SessionsDep) -> Iterator[Session]:
    with new_session.begin() as session:
        yield session


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
