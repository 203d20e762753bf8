# Logs and raises again what it expects; another failure leaves no line.
# fails: test_a_failure_is_logged_and_goes_on


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email: str) -> None:
        logger.info("start %s at %s", email, clock().isoformat())
        try:
            work(email)
        except OSError:
            logger.exception("failed %s", email)
            raise
        logger.info("done %s at %s", email, clock().isoformat())

    return audit
