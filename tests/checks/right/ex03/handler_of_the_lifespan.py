# Axis: a handler from the lifespan, taken away at the end.


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    logger, handler = logging.getLogger(__name__), logging.StreamHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield
    logger.removeHandler(handler)
