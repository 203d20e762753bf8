"""The web application: python3 start.py stage 11."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbos import DBOS
from fastapi import APIRouter, FastAPI
from fastapi.concurrency import (
    contextmanager_in_threadpool,
    run_in_threadpool,
)

from stages.s06_at_work.app import create_app
from stages.s11_dbos.queue import DBOSQueue
from stages.s11_dbos.worker import embedded, running, url


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    if embedded:
        async with contextmanager_in_threadpool(running()):
            yield
    else:  # workers run the tasks; this application needs the tables only
        await run_in_threadpool(DBOS.migrate, url)
        yield


app = create_app("Stage 11: DBOS", DBOSQueue())
app.include_router(APIRouter(lifespan=lifespan))
