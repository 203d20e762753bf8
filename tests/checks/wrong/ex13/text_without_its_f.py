# Forgets the f of an f-string.
# fails: test_after_the_last_try_it_is_dead


def end(
    new_session: sessionmaker[Session],
    log_id: int,
    status: str,
    exc: Exception | None = None,
) -> None:
    """Write down how a try ended."""
    with new_session.begin() as db:
        log = db.get_one(TaskLog, log_id)
        log.status = status
        if status != "failed":  # then it is tried again
            log.completed_at = datetime.now(UTC)
        log.error = "{type(exc).__name__}: {exc}" if exc else None
