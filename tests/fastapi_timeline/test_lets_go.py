"""Nothing of the application stays alive for being recorded."""

import asyncio
import functools
import gc
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any
from unittest.mock import AsyncMock

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask

from fastapi_timeline import Recorder, record
from tests.fastapi_timeline.small import ORDER, small


class Payload:
    """Something large, as a task may hold it."""

    def work(self) -> None:
        """Do nothing."""

    def __call__(self) -> None:
        """Do nothing."""


def work(_: Payload) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    "task",
    [
        lambda payload: functools.partial(work, payload),
        lambda payload: payload.work,
        lambda payload: payload,
        lambda payload: lambda: work(payload),
        lambda payload: functools.cache(lambda: work(payload)),
    ],
    ids=["partial", "method", "object", "closure", "cache"],
)
def test_what_a_task_holds_is_let_go(
    task: Callable[[Payload], Callable[[], None]],
) -> None:
    """With the request, though its recording is kept."""
    app, alive = FastAPI(), weakref.WeakSet[Payload]()

    def held() -> Callable[[], None]:
        payload = Payload()
        alive.add(payload)
        return task(payload)

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> JSONResponse:
        tasks.add_task(held())  # dropped for a response of one's own
        first = JSONResponse({}, background=BackgroundTask(held()))
        first.background = BackgroundTask(held())
        return first

    def ask() -> int:
        with TestClient(app) as client:
            for _ in range(3):
                client.get("/")
            gc.collect()
            return len(alive)

    without = ask()  # an old Starlette keeps the last one for a while
    with record(app) as timeline:
        assert ask() == without
        assert timeline.seen == 3


def test_each_object_dies_when_it_would_without_a_recorder() -> None:
    """Python's garbage collector has nothing more to find."""
    app, alive = FastAPI(), list[tuple[str, weakref.ref[Any]]]()

    def made(name: str) -> Payload:
        payload = Payload()
        alive.append((name, weakref.ref(payload)))
        return payload

    async def given() -> AsyncIterator[Payload]:
        yield made("given")

    async def beside(_: Payload) -> None:
        """Do nothing."""

    @app.get("/")
    async def ep(
        request: Request,
        tasks: BackgroundTasks,
        _: Annotated[Payload, Depends(given)],
    ) -> JSONResponse:
        alive.append(("request", weakref.ref(request)))
        tasks.add_task(work, made("task"))
        await asyncio.create_task(beside(made("beside")))
        thread = threading.Thread(target=work, args=(made("thread"),))
        thread.start()
        thread.join()
        await asyncio.to_thread(work, made("worker"))
        return JSONResponse({}, background=tasks)

    @app.get("/fails")
    async def fails(_: Annotated[Payload, Depends(given)]) -> None:
        raise ValueError(made("error"))

    def dead(client: TestClient) -> list[tuple[str, bool]]:
        alive.clear()
        gc.collect()
        gc.disable()
        try:
            for path in ("/", "/fails", "/nowhere"):
                client.get(path)
            return [(name, found() is None) for name, found in alive]
        finally:
            gc.enable()

    with TestClient(app, raise_server_exceptions=False) as client:
        without = dead(client)
        with record(app):
            assert dead(client) == without
    assert ("worker", True) in without


def test_a_recording_that_met_a_mock_costs_later_ones_nothing() -> None:
    """Python's place is given back, and the next is recorded as ever."""
    app, job = FastAPI(), AsyncMock()

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        tasks.add_task(job)

    for _ in range(7):
        with record(app):
            TestClient(app).get("/")
    assert job.await_count == 7
    other = small()
    with record(other) as timeline, TestClient(other) as client:
        client.get("/")
        assert timeline.wait(1).order == ORDER
    if sys.version_info >= (3, 12):
        tools = map(sys.monitoring.get_tool, range(6))
        assert "fastapi_timeline" not in tools


def test_a_recorder_that_is_off_holds_nothing_of_the_application() -> None:
    """Neither its functions nor what it knows of its middleware."""
    recorder = Recorder(small())
    TestClient(recorder).get("/")
    assert recorder.plans
    assert recorder.surroundings.parts
    recorder.on = False
    assert not recorder.plans
    assert not recorder.surroundings.parts
    recorder.on = True
    TestClient(recorder).get("/")
    assert recorder.order == ORDER
    recorder.on = False
