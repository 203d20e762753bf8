# Axis: the format has naive ISO times of its own, "done" tells the start too, and DEBUG records are not shown.

import logging.config


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email: str) -> None:
        started = clock()
        logger.debug("about to start at %s", started.isoformat())
        logger.info("START %s", started.isoformat())
        try:
            work(email)
        except Exception:
            logger.exception("failed %s", email)
            raise
        logger.info(
            "done at %s, started at %s",
            clock().isoformat(),
            started.isoformat(),
        )

    return audit


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    logging.basicConfig(
        level=logging.DEBUG,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    logging.getLogger().handlers[0].setLevel(logging.INFO)
    yield


app.router.lifespan_context = lifespan
