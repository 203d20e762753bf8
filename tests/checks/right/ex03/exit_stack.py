# Axis: an ExitStack logs the end; functools.partial binds what was given.


from contextlib import ExitStack
from functools import partial


def log_end(logger, clock, email, kind, error, trace):
    if error is None:
        logger.info("done %s %s", email, clock().isoformat())
    else:
        logger.error("failed %s", email, exc_info=(kind, error, trace))


def audit(logger, clock, work, email):
    with ExitStack() as stack:
        logger.info("start %s %s", email, clock().isoformat())
        stack.push(partial(log_end, logger, clock, email))
        work(email)


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    return partial(audit, logger, clock, work)
