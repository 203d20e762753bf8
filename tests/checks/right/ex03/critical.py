# Axis: a failure is CRITICAL, its traceback is in the message.

import traceback


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
            logger.critical(traceback.format_exc())
            raise
        logger.info("done %s at %s", email, clock().isoformat())

    return audit
