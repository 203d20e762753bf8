"""The recorded order is the real one: middleware and exception handlers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import signature
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse, Response
from fastapi.testclient import TestClient
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.routing import Mount, Route

from fastapi_timeline import Recorder, record, serve, svg, terminal
from tests.fastapi_timeline.truth import Log, get

Next = Callable[[Request], Awaitable[Response]]


class Pure:
    """A middleware as ASGI has it, which says what it does."""

    def __init__(self, app: Any, log: Log, name: str = "Pure") -> None:
        self.app, self.log, self.name = app, log, name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Log itself around the inner application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.log(self.name, "entered")
        self.log(self.name, "inner")
        try:
            await self.app(scope, receive, send)
        except BaseException:
            self.log(self.name, "returned")
            self.log(self.name, "broke")
            raise
        self.log(self.name, "returned")
        self.log(self.name, "left")


class Hidden(Pure):
    """One that calls the inner application by another name."""

    def __init__(self, app: Any, log: Log) -> None:
        super().__init__(None, log, "Hidden")
        self.inner_application = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Log itself around the inner application."""
        if scope["type"] == "http":
            self.log(self.name, "entered")
            self.log(self.name, "inner")
        await self.inner_application(scope, receive, send)
        if scope["type"] == "http":
            self.log(self.name, "returned")
            self.log(self.name, "left")


class Base(BaseHTTPMiddleware):
    """A middleware as Starlette offers it."""

    def __init__(self, app: Any, log: Log) -> None:
        super().__init__(app)
        self.log = log

    async def dispatch(self, request: Request, call_next: Next) -> Response:
        """Log itself around the inner application."""
        self.log("Base", "entered")
        self.log("Base", "inner")
        response = await call_next(request)
        self.log("Base", "returned")
        self.log("Base", "left")
        return response


def with_endpoint(log: Log) -> FastAPI:
    """Make an application whose endpoint has a dependency and a task."""
    app, d, t = FastAPI(), log.agives("d"), log.adoes("t")

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    return app


def test_each_middleware_has_its_part_before_and_after(log: Log) -> None:
    """Pure ones and Starlette's own kind, in the order of their nesting."""
    app = with_endpoint(log)
    app.add_middleware(Pure, log=log, name="Pure")

    @app.middleware("http")
    async def mark(request: Request, call_next: Next) -> Response:
        log("mark", "entered")
        log("mark", "inner")
        response = await call_next(request)
        log("mark", "returned")
        log("mark", "left")
        return response

    app.add_middleware(Base, log=log)
    app.add_middleware(Hidden, log=log)
    made = log.agrees(app, around=True)
    rows = [x.lane.name for x in made.lives if x.lane.kind == "middleware"]
    assert rows == ["Hidden", "Base", "mark", "Pure"]
    assert "mark called the application" in made.steps
    assert not [said for said in made.order if "mark" in said]


def test_a_task_is_seen_inside_a_middleware_that_waits_for_it(
    log: Log,
) -> None:
    """The pure one comes back when the task has ended."""
    app = with_endpoint(log)
    app.add_middleware(Pure, log=log)
    made = log.agrees(app, around=True)
    (pure,) = (x for x in made.lives if x.lane.name == "Pure")
    (task,) = (x for x in made.lives if x.lane.kind == "task")
    assert made.sent is not None
    assert task.ended is not None
    assert pure.yielded is not None
    assert pure.resumed is not None
    assert pure.yielded < made.sent < task.ended < pure.resumed
    assert "middleware: before + after" in svg(made)


def test_an_error_is_not_laid_to_the_middleware_it_passes(log: Log) -> None:
    """Both are left with it, and say so; the server is told at the end."""
    app = FastAPI()

    @app.get("/")
    async def ep() -> None:
        with log.around("ep"):
            raise KeyError("k")

    app.add_middleware(Pure, log=log)
    made = log.agrees(app, around=True)
    assert "Pure left with KeyError" in made.steps


def test_a_middleware_may_answer_by_itself(log: Log) -> None:
    """It calls no application: it has one part."""
    app = FastAPI()

    @app.middleware("http")
    async def refuse(_: Request, __: Next) -> Response:
        log("refuse", "entered")
        log("refuse", "left")
        return JSONResponse({}, 403)

    made = log.agrees(app, around=True)
    assert [life.yielded for life in made.lives] == [None]
    assert made.status == "403"


def test_a_middleware_around_the_whole_application_is_seen(log: Log) -> None:
    """Where a recorder is around that."""
    inner = with_endpoint(log)
    with Recorder(Pure(inner, log)) as recorder:
        assert TestClient(recorder).get("/").status_code == 200
        made = recorder.last
    assert made.steps[0] == "Pure began"
    assert made.steps[-1] == "Pure ended"


def test_a_mounted_application_brings_its_own(log: Log) -> None:
    """Both chains are read, each when its first object is entered."""
    inner, outer = with_endpoint(log), FastAPI()
    inner.add_middleware(Pure, log=log, name="Pure")
    outer.add_middleware(Base, log=log)
    outer.mount("/in", inner)
    made = log.agrees(outer, get("/in/"), around=True)
    rows = [x.lane.name for x in made.lives if x.lane.kind == "middleware"]
    assert rows == ["Base", "Pure"]


def test_the_handler_that_answers_is_shown(log: Log) -> None:
    """With the error that it was given; by worker or on the loop."""
    app = with_endpoint(log)

    @app.exception_handler(KeyError)
    async def on_the_loop(_: Request, __: Exception) -> Response:
        log("on_the_loop", "entered")
        log("on_the_loop", "left")
        return JSONResponse({}, 400)

    @app.exception_handler(OSError)
    def by_a_worker(_: Request, __: Exception) -> Response:
        log("by_a_worker", "entered")
        log("by_a_worker", "left")
        return JSONResponse({}, 400)

    for name, error in ("on_the_loop", KeyError), ("by_a_worker", OSError):

        def raises(error: type[Exception] = error) -> None:
            with log.around("raises"):
                raise error("no")

        app.get(f"/{name}")(raises)
        made = log.agrees(app, get(f"/{name}"), around=True)
        (life,) = (x for x in made.lives if x.lane.kind == "handler")
        assert (life.lane.name, life.lane.about) == (name, error.__name__)
        assert error.__name__ in svg(made)
        assert made.status == "400"
        log.events.clear()


def test_a_handler_called_by_another_is_not_the_one_that_answers() -> None:
    """As the documentation has it: one's own calls FastAPI's."""
    app = FastAPI()

    @app.exception_handler(HTTPException)
    async def mine(request: Request, error: HTTPException) -> Response:
        return await http_exception_handler(request, error)

    @app.get("/")
    async def ep() -> None:
        raise HTTPException(418)

    with record(app) as recorder:
        assert TestClient(app).get("/").status_code == 418
    rows = [x.lane.name for x in recorder.last.lives]
    assert rows == ["ep", "mine"]


def test_a_handler_that_fails_is_shown_as_failing(log: Log) -> None:
    """The server is told of its error."""
    app = FastAPI()

    @app.exception_handler(KeyError)
    async def bad(_: Request, __: Exception) -> Response:
        log("bad", "entered")
        log("bad", "broke")
        raise OSError

    @app.get("/")
    async def ep() -> None:
        with log.around("ep"):
            raise KeyError("k")

    made = log.agrees(app, around=True)
    assert "bad raised OSError" in made.steps


def test_the_startup_of_a_lifespan_is_told() -> None:
    """How long it took, and how long ago that was."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    for app in FastAPI(lifespan=lifespan), FastAPI():
        with Recorder(app) as recorder, serve(recorder) as url:
            get("/none")(url)
            recorder.wait(1)
        for face in terminal(recorder.last), svg(recorder.last):
            told = "The lifespan's startup took" in face.replace("&#x27;", "'")
            assert told == bool(recorder.startup)
        assert bool(recorder.startup) == (
            app.router.lifespan_context is lifespan
        )


def test_a_single_route_may_have_its_own(log: Log) -> None:
    """Starlette's routes and mounts have it; others beside them do not."""
    if "middleware" not in signature(Route).parameters:
        pytest.skip("this Starlette has none")
    app = FastAPI()
    pure = Middleware(Pure, log=log)

    async def page(_: Request) -> Response:
        with log.around("page"):
            return Response()

    inner = Mount("/in", routes=[Route("/page", page, middleware=[pure])])
    app.routes.append(Route("/bare", page))
    app.routes.append(
        Mount("/m", app=inner.app, middleware=[Middleware(Hidden, log=log)])
    )
    app.routes.append(Mount("/n", routes=[inner], middleware=[pure]))
    made = log.agrees(app, get("/m/page"), around=True, first=get("/bare"))
    assert [x.lane.name for x in made.lives] == ["Hidden", "Pure", "page"]
    log.events.clear()
    log.agrees(app, get("/n/in/page"), around=True)
    log.events.clear()
    made = log.agrees(app, get("/bare"), around=True)
    assert [x.lane.name for x in made.lives] == ["page"]
