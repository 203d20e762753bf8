# Logs the clock and not what it tells.
# fails: test_start_and_done_have_the_time_of_the_task


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email: str) -> None:
        logger.info("start %s at %s", email, clock)
        try:
            work(email)
        except Exception:
            logger.exception("failed %s", email)
            raise
        logger.info("done %s at %s", email, clock)

    return audit
