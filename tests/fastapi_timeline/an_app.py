"""An application as somebody may have it; the tests copy it as myapp.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Prepare."""
    app.state.ready = True
    yield


@asynccontextmanager
async def bad(app: FastAPI) -> AsyncIterator[None]:
    """Fail to."""
    if app:
        raise RuntimeError("no database")
    yield


app = FastAPI(lifespan=lifespan)
broken = FastAPI(lifespan=bad)
number = 7


def task() -> None:
    """Do nothing, later."""


@app.post("/orders")
async def order(request: Request, tasks: BackgroundTasks) -> list[str]:
    """Say what arrived."""
    assert request.app.state.ready
    tasks.add_task(task)
    kind, key = (request.headers.get(k, "") for k in ("content-type", "x-key"))
    return [kind, key, (await request.body()).decode()]


@app.get("/hang")
async def hang(tasks: BackgroundTasks) -> None:
    """Answer, and then take a minute."""
    print("hanging", flush=True)  # noqa: T201 (the test waits for it)
    tasks.add_task(asyncio.sleep, 60)


def create_app() -> FastAPI:
    """Make the application."""
    return app


def with_setting(setting: str) -> FastAPI:
    """Need something that nobody gives."""
    return app


def failing() -> FastAPI:
    """Make none."""
    raise LookupError("no setting")


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """Be another layer around it."""
    await app(scope, receive, send)
