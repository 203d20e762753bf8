"""The recorded order is the real one: dependencies of every kind."""

import functools
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Security
from fastapi.security import SecurityScopes

from tests.fastapi_timeline.truth import VERSION, Log, get

scoped = pytest.mark.skipif(
    VERSION < (0, 121), reason="Depends has no scope before FastAPI 0.121"
)


def test_a_yield_dependency_holds_what_it_gave(log: Log) -> None:
    """Entered before the endpoint; when it is left, the version decides."""
    app, d, t = FastAPI(), log.gives("d"), log.does("t")

    @app.get("/")
    def ep(tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    log.agrees(app, verdicts={})


def test_an_async_yield_dependency_is_seen_on_the_loop(log: Log) -> None:
    """Its awaits are no yields: it is entered once and left once."""
    app, d, t = FastAPI(), log.agives("d"), log.adoes("t")

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    log.agrees(app, verdicts={})


def test_a_dependency_used_twice_is_called_once(log: Log) -> None:
    """The second use is "cached, not called again"."""
    app, a, t = FastAPI(), log.gives("a"), log.adoes("t")

    async def b(_: Annotated[Any, Depends(a)]) -> AsyncIterator[int]:
        log("b", "began")
        with log.held("b"):
            yield 1

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks,
        _b: Annotated[int, Depends(b)],
        _a: Annotated[Any, Depends(a)],
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)
            log.add(tasks, t)

    log.agrees(app, verdicts={("a", "cached"): 1})


def test_use_cache_false_is_a_call_of_its_own(log: Log) -> None:
    """And a plain call of the same function is nobody's dependency."""
    app, once, again = FastAPI(), log.does("once"), log.does("again")

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(once)],
        _2: Annotated[Any, Depends(once)],
        _3: Annotated[Any, Depends(again)],
        _4: Annotated[Any, Depends(again, use_cache=False)],
    ) -> None:
        with log.around("ep"):
            log.aside(once)

    log.agrees(app, verdicts={("once", "cached"): 1})


def test_lru_cache_answers_without_a_call(log: Log) -> None:
    """The first request calls it; from then on functools remembers."""
    app, conf = FastAPI(), functools.lru_cache(log.does("conf"))

    @app.get("/")
    def ep(_: Annotated[Any, Depends(conf)]) -> None:
        with log.around("ep"):
            pass

    log.agrees(app, verdicts={})
    log.events.clear()
    log.agrees(app, verdicts={("conf", "remembered"): 1})


def test_an_override_is_named_and_says_what_it_replaces(log: Log) -> None:
    """FastAPI makes it anew for each request, so nothing is kept of it."""
    app, real, sub = FastAPI(), log.gives("real"), log.adoes("sub")

    def fake(_: Annotated[Any, Depends(sub)]) -> Iterator[int]:
        log("fake", "began")
        with log.held("fake"):
            yield 1

    def mid(_: Annotated[Any, Depends(real)]) -> None:
        with log.around("mid"):
            pass

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(mid)], _2: Annotated[Any, Depends(real)]
    ) -> None:
        with log.around("ep"):
            pass

    app.dependency_overrides[real] = fake
    cached = {("fake", "cached"): 1, ("sub", "cached"): 1}
    made = log.agrees(app, verdicts=cached, first=get())
    assert {n.replaces for n in made.lanes if n.name == "fake"} == {"real"}


@scoped
def test_function_scope_is_left_before_the_response(log: Log) -> None:
    """Request scope is left after the tasks."""
    app, a, b = FastAPI(), log.gives("a"), log.agives("b")
    t = log.does("t")

    @app.get("/")
    def ep(
        tasks: BackgroundTasks,
        _a: Annotated[Any, Depends(a, scope="function")],
        _b: Annotated[Any, Depends(b, scope="request")],
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    order = log.agrees(app, verdicts={}).order
    assert order.index("a left") < order.index("response sent")
    assert order.index("b left") > order.index("t ended")


@scoped
def test_one_function_in_two_scopes_is_called_twice(log: Log) -> None:
    """The cache tells the scopes apart, and so does the picture."""
    app, a = FastAPI(), log.gives("a")

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(a, scope="function")],
        _2: Annotated[Any, Depends(a, scope="request")],
    ) -> None:
        with log.around("ep"):
            pass

    log.agrees(app, verdicts={})


def test_dependencies_of_app_routers_and_route_come_in_order(
    log: Log,
) -> None:
    """Application first, then each router from the outside in."""
    app = FastAPI(dependencies=[Depends(log.gives("of_app"))])
    outer = APIRouter(prefix="/o", dependencies=[Depends(log.agives("of_o"))])
    inner = APIRouter(prefix="/i", dependencies=[Depends(log.does("of_i"))])
    own, t = log.gives("own"), log.does("t")

    @inner.get("/x", dependencies=[Depends(log.adoes("of_route"))])
    async def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(own)]
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    included = [Depends(log.does("of_include"))]
    outer.include_router(inner, dependencies=included)
    app.include_router(outer, prefix="/p")
    log.agrees(app, get("/p/o/i/x"), verdicts={})


def test_a_mounted_application_is_seen_from_the_outer_one(log: Log) -> None:
    """The outer application's own dependencies do not run for it."""
    app = FastAPI(dependencies=[Depends(log.gives("outer"))])
    sub = FastAPI(dependencies=[Depends(log.gives("inner"))])
    t = log.does("t")

    @sub.get("/x")
    def ep(tasks: BackgroundTasks) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    app.mount("/m", sub)
    log.agrees(app, get("/m/x"), verdicts={})


def test_security_scopes_make_calls_of_their_own(log: Log) -> None:
    """The same function for the same scopes is cached, for others not."""
    app = FastAPI()

    def user(_: SecurityScopes) -> None:
        with log.around("user"):
            pass

    @app.get("/")
    def ep(
        _1: Annotated[Any, Security(user, scopes=["a"])],
        _2: Annotated[Any, Security(user, scopes=["b"])],
        _3: Annotated[Any, Security(user, scopes=["a"])],
    ) -> None:
        with log.around("ep"):
            pass

    log.agrees(app, verdicts={("user", "cached"): 1})
