# The end is told in the server's zone; the database forgets which one.
# fails: test_the_end_is_told_in_utc


def end(log: TaskLog, status: str, error: str | None = None) -> None:
    log.status, log.error = status, error
    log.completed_at = datetime.now().astimezone()
