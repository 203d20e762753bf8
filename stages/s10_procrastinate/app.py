"""The web application: python3 start.py stage 10."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from stages.s06_at_work.app import create_app
from stages.s06_at_work.tasks import call
from stages.s10_procrastinate.queue import ProcrastinateQueue, prepare_queue


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    call(prepare_queue)
    yield


app = create_app("Stage 10: Procrastinate", ProcrastinateQueue())
app.include_router(APIRouter(lifespan=lifespan))
