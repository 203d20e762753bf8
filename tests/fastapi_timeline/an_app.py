"""An application as somebody may have it; the tests copy it as myapp.py."""

import asyncio
import atexit
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import (
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Prepare, as a server lets one: its main thread has signals."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
    app.state.ready = True
    yield
    print("shut down", flush=True)  # noqa: T201 (a test reads it)


@asynccontextmanager
async def bad(app: FastAPI) -> AsyncIterator[None]:
    """Fail to."""
    if app:
        raise RuntimeError("no database")
    yield


@asynccontextmanager
async def slow(app: FastAPI) -> AsyncIterator[None]:
    """Never be ready."""
    await asyncio.sleep(60 if app else 0)
    yield


@asynccontextmanager
async def clinging(app: FastAPI) -> AsyncIterator[None]:
    """Never stop."""
    yield
    await asyncio.sleep(60 if app else 0)


@asynccontextmanager
async def moving(app: FastAPI) -> AsyncIterator[None]:
    """Go to another folder."""
    app.state.ready = True
    os.chdir("src")
    yield


app = FastAPI(lifespan=lifespan)
moves = FastAPI(lifespan=moving)
stays = FastAPI(lifespan=clinging)
unready = FastAPI(lifespan=slow)
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


@app.get("/endless")
async def endless() -> StreamingResponse:
    """Send a part now and then, for ever."""

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b"data: x\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(parts(), media_type="text/event-stream")


@app.get("/colours")
async def colours() -> PlainTextResponse:
    """Answer what would make a terminal red."""
    return PlainTextResponse("\x1b[31mred", 500)


@app.get("/twice")
async def twice(request: Request) -> JSONResponse:
    """Show in the status whether a header came twice."""
    values = request.headers.getlist("x-key")
    return JSONResponse(values, 200 if len(values) > 1 else 422)


@app.get("/stuck")
async def stuck() -> None:
    """Leave a thread that does not end."""
    threading.Thread(target=time.sleep, args=(60,), name="stuck one").start()


@app.get("/loops")
async def loops(request: Request) -> None:
    """Leave work to the loop that does not end."""
    request.app.state.work = asyncio.create_task(asyncio.sleep(60))


@app.get("/aside")
async def aside(request: Request) -> None:
    """Leave work to a task of the loop, and to the program's end."""

    async def work() -> None:
        await asyncio.sleep(0.5)
        print("work done", flush=True)  # noqa: T201 (the test reads it)

    request.app.state.work = asyncio.create_task(work())
    atexit.register(print, "exit code ran")


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


async def later() -> FastAPI:
    """Make the application, for who awaits it."""
    return app


def nothing() -> None:
    """Forget to return it."""


class OfWSGI:
    """An application of another kind."""

    def __call__(self, environ: Any, start_response: Any) -> None:
        """Do nothing."""


wsgi = OfWSGI()
