"""Nothing of the application stays alive for being recorded."""

import functools
import gc
import sys
import weakref
from collections.abc import Callable
from unittest.mock import AsyncMock

import pytest
from fastapi import BackgroundTasks, FastAPI
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
