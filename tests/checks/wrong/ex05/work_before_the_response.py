# The endpoint works itself, and the client waits.
# fails: test_a_task_has_a_session_of_its_own, test_the_row_can_be_read_while_the_task_runs


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, session: SessionDep, track: TrackerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    try:
        track(log.id, task_name)
    except Exception:
        pass
    return {"id": log.id}
