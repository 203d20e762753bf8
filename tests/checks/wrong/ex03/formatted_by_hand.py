# The clock's time is written in a form of its own, without the zone.
# fails: test_start_and_done_have_the_time_of_the_task


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email: str) -> None:
        logger.info(f"start {email} {clock():%Y-%m-%d %H:%M:%S}")
        try:
            work(email)
        except Exception:
            logger.exception(f"failed {email}")
            raise
        logger.info(f"done {email} {clock():%Y-%m-%d %H:%M:%S}")

    return audit
