# Axis: a lock and a flag in get_logger add the handler once.

import sys
from threading import Lock


lock = Lock()


def get_logger() -> logging.Logger:
    logger = logging.getLogger(__name__)
    with lock:
        if not logger.handlers:
            logger.setLevel(logging.INFO)
            logger.addHandler(logging.StreamHandler(sys.stdout))
    return logger


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
