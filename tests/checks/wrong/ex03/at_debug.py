# Logs start and done at DEBUG.
# fails: test_each_line_appears_once


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email: str) -> None:
        logger.debug("start %s at %s", email, clock().isoformat())
        try:
            work(email)
        except Exception:
            logger.exception("failed %s", email)
            raise
        logger.debug("done %s at %s", email, clock().isoformat())

    return audit
