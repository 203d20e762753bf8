# The failure is a WARNING.
# fails: test_a_failure_is_logged_and_goes_on


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email):
        logger.info("start %s", clock().isoformat())
        try:
            work(email)
        except Exception:
            logger.warning("x", exc_info=True)
            raise
        logger.info("done %s", clock().isoformat())

    return audit
