# Adds a handler beside the one of basicConfig.
# fails: test_each_line_appears_once


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    logging.basicConfig(level=logging.INFO)  # once, for the whole process
    logging.getLogger(__name__).addHandler(logging.StreamHandler())
    yield
