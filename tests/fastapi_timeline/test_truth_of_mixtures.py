"""The recorded order is the real one where applications mix their means."""

import asyncio
import contextvars
import functools
import http.client
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    WebSocket,
    WebSocketException,
)
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.websockets import WebSocketDisconnect

from fastapi_timeline import record, serve
from tests.fastapi_timeline.truth import OF_LANES, VERSION, Log, get


def test_a_group_of_tasks_calls_what_is_a_dependency_too(log: Log) -> None:
    """The endpoint's own calls are no calls of FastAPI's."""
    app, d, t = FastAPI(), log.adoes("d"), log.adoes("t")

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[None, Depends(d)]
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)
            count = len(log.events)
            async with asyncio.TaskGroup() as group:
                for call in (d, d, t):
                    group.create_task(call())
            await asyncio.gather(t(), d())
            del log.events[count:]

    log.agrees(app)


def test_a_thread_of_the_endpoint_calls_what_is_a_task_too(log: Log) -> None:
    """It was added and is not due yet."""
    app, t = FastAPI(), log.does("t")

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        with log.around("ep"):
            log.add(tasks, t)
            count = len(log.events)
            await run_in_threadpool(t)
            await asyncio.to_thread(t)
            del log.events[count:]

    log.agrees(app)


def test_a_dependency_that_overrides_another_for_the_same_request(
    log: Log,
) -> None:
    """FastAPI reads the overrides before each dependency."""
    app, late, other = FastAPI(), log.adoes("late"), log.adoes("other")

    async def first() -> None:
        with log.around("first"):
            app.dependency_overrides = {late: other}

    @app.get("/")
    async def ep(
        _1: Annotated[None, Depends(first)],
        _2: Annotated[None, Depends(late)],
    ) -> None:
        with log.around("ep"):
            app.dependency_overrides = {}

    made = log.agrees(app)
    assert [x.replaces for x in made.lanes] == ["", "", "late"]


def test_an_override_may_have_dependencies_of_its_own(log: Log) -> None:
    """And the overridden one's are not called."""
    app, below, deep = FastAPI(), log.agives("below"), log.adoes("deep")

    async def asked(_: Annotated[None, Depends(deep)]) -> None:
        raise AssertionError

    def instead(
        _1: Annotated[None, Depends(below)],
        _2: Annotated[None, Depends(below)],
    ) -> None:
        with log.around("instead"):
            pass

    @app.get("/")
    async def ep(_: Annotated[None, Depends(asked)]) -> None:
        with log.around("ep"):
            pass

    app.dependency_overrides[asked] = instead
    log.agrees(app, verdicts={("below", "cached"): 1})


def test_an_error_is_translated_from_one_generator_to_the_next(
    log: Log,
) -> None:
    """The inner raises another one, which the outer is given."""
    app, outer = FastAPI(), log.gives("outer")

    async def inner(_: Annotated[str, Depends(outer)]) -> AsyncIterator[None]:
        log("inner", "began")
        log("inner", "yielded")
        try:
            yield
        except KeyError:
            log("inner", "resumed")
            log("inner", "raised")
            raise HTTPException(418) from None

    @app.get("/")
    async def ep(_: Annotated[None, Depends(inner)]) -> None:
        log("ep", "began")
        log("ep", "raised")
        raise KeyError

    made = log.agrees(app)
    said = {(x.lane.name, x.error, x.thrown) for x in made.lives}
    assert said >= {
        ("outer", "↑HTTPException", "HTTPException"),
        ("inner", "HTTPException", "KeyError"),
        ("ep", "KeyError", ""),
    }


def test_a_stream_that_breaks_keeps_its_task_from_running(log: Log) -> None:
    """The dependency is given the error, after the response has begun."""
    app, d, t = FastAPI(), log.agives("d"), log.adoes("t")

    async def stream() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[str, Depends(d)]
    ) -> StreamingResponse:
        with log.around("ep"):
            log.add(tasks, t)
            return StreamingResponse(stream(), background=tasks)

    def send(url: str) -> None:
        connection = http.client.HTTPConnection(url[7:], timeout=10)
        connection.request("GET", "/")
        with (
            connection.getresponse() as response,
            pytest.raises(http.client.IncompleteRead),
        ):
            response.read()
        connection.close()

    if VERSION < (0, 106):
        pytest.skip("dependencies are left in another order")
    log.agrees(app, send, {("t", "unreached"): 1})


def test_a_dataclass_and_a_model_may_be_dependencies(log: Log) -> None:
    """Their `__init__` is not the application's own code."""
    app = FastAPI()

    @dataclass
    class Page:
        limit: int = 3

        def __post_init__(self) -> None:
            log("Page", "began")
            log("Page", "ended")

    class Query(BaseModel):
        q: str = "x"

        def model_post_init(self, _: Any, /) -> None:
            log("Query", "began")
            log("Query", "ended")

    @app.get("/")
    async def ep(
        page: Annotated[Page, Depends()], query: Annotated[Query, Depends()]
    ) -> int:
        with log.around("ep"):
            log.aside(lambda: (Page(1), Query(q="y")))
            return page.limit + len(query.q)

    made = log.agrees(app)
    assert [x.lane.form for x in made.lives[:2]] == ["class", "class"]


def test_partials_and_dispatchers_may_be_dependencies(log: Log) -> None:
    """What runs is known through each of them."""
    app, d, t = FastAPI(), log.adoes("d"), log.does("t")

    class Reader:
        async def read(self, limit: int) -> None:
            del limit
            with log.around("Reader.read"):
                await asyncio.sleep(0)

        once = functools.partialmethod(read, 1)

        def __call__(self) -> Iterator[None]:
            log("Reader", "began")
            with log.held("Reader"):
                yield

    reader = Reader()

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks,
        _1: Annotated[None, Depends(functools.partial(d))],
        _2: Annotated[None, Depends(functools.partial(reader.read, limit=2))],
        _3: Annotated[None, Depends(reader)],
    ) -> None:
        with log.around("ep"):
            log.add(tasks, functools.partial(t), name="t")
            log.add(tasks, reader.once, name="Reader.read")

    log.agrees(app)


def test_a_middleware_may_send_a_request_in_twice(log: Log) -> None:
    """One that tries again: the second answer goes out."""
    app, d = FastAPI(), log.agives("d")
    tried: list[int] = []

    class Again:
        def __init__(self, app: Any) -> None:
            self.inner = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and not tried:
                tried.append(1)

                async def drop(_: object) -> None:
                    pass

                await self.inner({**scope}, receive, drop)
            await self.inner(scope, receive, send)

    @app.get("/")
    async def ep(_: Annotated[str, Depends(d)]) -> None:
        with log.around("ep"):
            pass

    app.add_middleware(Again)
    made = log.agrees(app)
    assert made.order.count("ep began") == 2


def test_a_context_of_ones_own_is_said() -> None:
    """A middleware runs what is inside it in an empty context."""
    app = FastAPI()

    class Empty:
        def __init__(self, app: Any) -> None:
            self.inner = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            inside = self.inner(scope, receive, send)
            context = contextvars.Context()
            await asyncio.create_task(inside, context=context)

    app.get("/")(lambda: 1)
    app.add_middleware(Empty)
    with record(app) as recorder, serve(app) as url:
        get()(url)
        recorder.wait(1)
    assert recorder.last.status == "200"
    assert "a context of its own" in recorder.last.lost


def test_a_socket_is_refused_by_its_dependency(log: Log) -> None:
    """What was entered before is left; the endpoint never ran."""
    app, d = FastAPI(), log.agives("d")

    async def token(_: Annotated[str, Depends(d)]) -> None:
        log("token", "began")
        log("token", "raised")
        raise WebSocketException(1008)

    @app.websocket("/")
    async def ep(
        socket: WebSocket, _: Annotated[None, Depends(token)]
    ) -> None:
        raise AssertionError

    with record(app) as recorder, TestClient(app) as client:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
            pass
        recorder.wait(1)
    assert recorder.last.status == "403"
    seen = [
        (recorder.last.lanes[e.lane].name, e.what)
        for e in recorder.last.events
        if e.lane is not None and e.what in OF_LANES
    ]
    assert seen == [(name, what) for name, what, _ in log.events]


def test_requests_at_once_keep_their_dependencies_apart(log: Log) -> None:
    """Sockets, tasks and requests share their functions."""
    app = FastAPI()

    async def number(n: int) -> AsyncIterator[int]:
        log(f"number {n}", "began")
        await asyncio.sleep(0.001 * (n % 3))
        yield n
        log(f"number {n}", "ended")

    @app.get("/{n}")
    async def ep(
        tasks: BackgroundTasks, n: Annotated[int, Depends(number)]
    ) -> int:
        tasks.add_task(log.adoes("t"))
        await asyncio.sleep(0.001 * (n % 5))
        return n

    async def ask(url: str) -> None:
        paths = [f"/{n}" for n in range(30)]
        await asyncio.gather(
            *(asyncio.to_thread(get(path), url) for path in paths)
        )

    with record(app) as recorder, serve(app) as url:
        asyncio.run(ask(url))
        recorder.wait(30)
    assert len({r.path for r in recorder.recordings}) == 30
    for made in recorder.recordings:
        assert made.lost == ""
        assert sorted(made.order) == sorted(
            [
                *("number entered", "number left", "ep began", "ep ended"),
                *("t began", "t ended", "response sent"),
            ]
        )
