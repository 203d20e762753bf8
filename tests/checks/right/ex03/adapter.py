# Axis: a LoggerAdapter around the logger; a clock that is an object; an async generator.


async def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> AsyncIterator[WelcomeTask]:
    log = logging.LoggerAdapter(logger, {"task": "welcome"})

    def audit(email: str) -> None:
        log.info("start %s at %s", email, clock().isoformat())
        try:
            work(email)
        except Exception:
            log.exception("failed %s", email)
            raise
        log.info("done %s at %s", email, clock().isoformat())

    yield audit
