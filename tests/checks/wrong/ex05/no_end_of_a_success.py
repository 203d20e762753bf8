# A completed task has no completed_at.
# fails: test_the_row_can_be_read_while_the_task_runs, test_the_end_is_told_in_utc


def end(log: TaskLog, status: str, error: str | None = None) -> None:
    log.status, log.error = status, error
    if error is not None:
        log.completed_at = datetime.now(UTC)
