# A row that does not exist is shown as null.
# fails: test_the_row_can_be_read_while_the_task_runs


@app.get("/task-logs/{log_id}")
def get_task_log(log_id: int, session: SessionDep) -> TaskLogOut | None:
    log = session.get(TaskLog, log_id)
    return TaskLogOut.model_validate(log) if log else None
