# A failed task has no completed_at.
# fails: test_a_failing_task_is_recorded_as_failed


def end(log: TaskLog, status: str, error: str | None = None) -> None:
    log.status, log.error = status, error
    if error is None:
        log.completed_at = datetime.now(UTC)
