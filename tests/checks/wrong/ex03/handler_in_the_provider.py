# Adds the handler in get_audit_task, if there is none.
# fails: test_first_requests_at_the_same_time_add_one_handler


def get_logger() -> logging.Logger:
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.INFO)
    return logger


def get_audit_task(
    logger: Annotated[logging.Logger, Depends(get_logger)],
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())

    def audit(email: str) -> None:
        logger.info("start %s at %s", email, clock().isoformat())
        try:
            work(email)
        except Exception:
            logger.exception("failed %s", email)
            raise
        logger.info("done %s at %s", email, clock().isoformat())

    return audit


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
