# Says "done" after an `except` that does not raise.
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
        except Exception:
            logger.exception("failed %s", email)
        logger.info("done %s at %s", email, clock().isoformat())

    return audit
