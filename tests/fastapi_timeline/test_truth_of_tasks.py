"""The recorded order is the real one: background tasks."""

import asyncio
import functools
import time
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import JSONResponse, Response
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

from tests.fastapi_timeline.truth import Log


def test_a_response_of_ones_own_drops_the_injected_tasks(log: Log) -> None:
    """The dropped task is drawn as what it is: it never ran."""
    app, d = FastAPI(), log.gives("d")
    t, own = log.does("t"), log.does("own")

    @app.get("/")
    def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> JSONResponse:
        with log.around("ep"):
            log.add(tasks, t)
            log("own", "added")
            return JSONResponse({}, background=BackgroundTask(own))

    log.agrees(app, verdicts={("t", "unreached"): 1})


def test_after_a_task_that_fails_the_next_never_runs(log: Log) -> None:
    """The error reaches the dependency that is held, then the server."""
    app, d, t = FastAPI(), log.gives("d"), log.does("t")
    bad = log.does("bad", ValueError("x"))

    @app.get("/")
    def ep(tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            log.add(tasks, bad)
            log.add(tasks, t)

    made = log.agrees(app, verdicts={("t", "unreached"): 1})
    assert "bad raised ValueError" in made.order
    assert made.order[-2:] == (
        "error reached the server: ValueError",
        "t never ran",
    )


def test_a_task_may_start_others(log: Log) -> None:
    """Added to the same list, or awaited there and then."""
    app, d = FastAPI(), log.gives("d")
    added, awaited = log.does("added"), log.does("awaited")

    @app.get("/")
    def ep(tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]) -> None:
        def first() -> None:
            with log.around("first"):
                log.add(tasks, added)

        async def direct() -> None:
            with log.around("direct"):
                task = BackgroundTask(awaited)
                log("awaited", "added")
                await task()

        with log.around("ep"):
            log.add(tasks, first)
            log.add(tasks, direct)

    log.agrees(app, verdicts={})


def test_a_task_added_after_a_yield_runs_or_is_lost(log: Log) -> None:
    """FastAPI's version decides, and the picture says which it was."""
    app, t = FastAPI(), log.does("t")

    def d(tasks: BackgroundTasks) -> Iterator[None]:
        log("d", "began")
        log("d", "yielded")
        yield
        log("d", "resumed")
        log.add(tasks, t)
        log("d", "ended")

    @app.get("/")
    def ep(_: Annotated[None, Depends(d)]) -> None:
        with log.around("ep"):
            pass

    order = log.agrees(app).order
    assert ("t began" in order) != ("t never ran" in order)


def test_tasks_of_every_kind_are_named(log: Log) -> None:
    """Partials, methods, callable objects, sync and async."""
    app = FastAPI()

    class Mail:
        def send(self, _to: int) -> None:
            with log.around("Mail.send"):
                pass

        def __call__(self) -> None:
            with log.around("Mail"):
                pass

    def base(_a: int, _b: int) -> None:
        with log.around("base"):
            pass

    async def abase(_a: int, _b: int) -> None:
        with log.around("abase"):
            await asyncio.sleep(0)

    @app.get("/")
    def ep(tasks: BackgroundTasks) -> None:
        with log.around("ep"):
            log.add(tasks, functools.partial(base, 1), 2, name="base")
            log.add(tasks, Mail().send, 1, name="Mail.send")
            log.add(tasks, Mail(), name="Mail")
            log.add(tasks, functools.partial(abase, 1), 2, name="abase")

    log.agrees(app, verdicts={})


def test_a_task_without_python_code_is_drawn_without_a_thread(
    log: Log,
) -> None:
    """Nobody can see it begin: it is drawn from when it was due."""
    app, kept = FastAPI(), list[int]()

    @app.get("/")
    def ep(tasks: BackgroundTasks) -> None:
        with log.around("ep"):
            log.add(tasks, kept.append, 1, name="list.append")
            log.add(tasks, time.sleep, 0)
            log.add(tasks, int, "7")

    codeless = ("list.append", "sleep", "int")
    made = log.agrees(app, verdicts={}, codeless=codeless)
    unseen = [life for life in made.lives if life.lane.name in codeless]
    assert [life.where for life in unseen] == [(), (), ()]


def test_a_plain_call_is_no_dependency_and_no_task(log: Log) -> None:
    """The application may call the same functions itself."""
    app, d, t = FastAPI(), log.does("d"), log.does("t")

    def other() -> None:
        log.aside(d)
        with log.around("other"):
            pass

    @app.get("/")
    def ep(
        tasks: BackgroundTasks,
        _1: Annotated[Any, Depends(d)],
        _2: Annotated[None, Depends(other)],
    ) -> None:
        with log.around("ep"):
            log.aside(d)
            log.add(tasks, t)
            log.aside(t)

    log.agrees(app, verdicts={})


def test_middlewares_do_not_hide_what_is_inside(log: Log) -> None:
    """Three of Starlette's BaseHTTPMiddleware and one that compresses."""
    app, d = FastAPI(), log.agives("d")
    t, u = log.does("t"), log.adoes("u")

    class Passing(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any) -> Any:
            return await call_next(request)

    @app.middleware("http")
    async def third(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["x"] = "1"
        return response

    app.add_middleware(Passing)
    app.add_middleware(Passing)
    app.add_middleware(GZipMiddleware, minimum_size=1)

    @app.get("/")
    def ep(tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]) -> str:
        with log.around("ep"):
            log.add(tasks, t)
            log.add(tasks, u)
            return "x" * 2000

    log.agrees(app, verdicts={}, overlapping=True)


def test_a_middleware_may_bring_a_task_of_its_own(log: Log) -> None:
    """It is drawn among the endpoint's."""
    app, t, late = FastAPI(), log.does("t"), log.does("late")

    @app.middleware("http")
    async def third(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.background = BackgroundTask(late)
        log("late", "added")
        return response

    @app.get("/")
    def ep(tasks: BackgroundTasks) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    log.agrees(app, verdicts={}, overlapping=True)
