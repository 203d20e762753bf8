# The reason is the name of a class.
# fails: test_after_the_last_try_it_is_dead


def end(
    new_session: sessionmaker[Session],
    log_id: int,
    status: str,
    exc: Exception | None = None,
) -> None:
    with new_session.begin() as db:
        log = db.get_one(TaskLog, log_id)
        log.status = status
        log.error = type(exc).__name__ if exc else None
