# Axis: logs at ERROR with exc_info.


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
            logger.error("no mail for %s", email, exc_info=True)
            raise
        logger.info("done %s at %s", email, clock().isoformat())

    return audit
