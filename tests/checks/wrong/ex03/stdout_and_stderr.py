# Each line on stdout and on stderr.
# fails: test_each_line_appears_once

import sys


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    logging.basicConfig(
        level=logging.INFO,
        handlers=[
            logging.StreamHandler(sys.stdout),
            logging.StreamHandler(sys.stderr),
        ],
    )
    yield


app.router.lifespan_context = lifespan
