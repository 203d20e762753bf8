"""The recorded order is the real one: whichever function solves, and how often."""

import asyncio
import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import httpx2
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.dependencies.utils import get_dependant, solve_dependencies
from fastapi.testclient import TestClient
from pydantic import BaseModel, field_validator
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fastapi_timeline import record
from tests.fastapi_timeline.truth import Log, get

KNOWN = inspect.signature(solve_dependencies).parameters


async def solve(request: Request, call: Callable[..., Any]) -> Any:
    """Solve what a function depends on and call it, as some packages do."""
    async with contextlib.AsyncExitStack() as stack:
        for name in ("fastapi_inner_astack", "fastapi_function_astack"):
            request.scope.setdefault(name, stack)
        words: dict[str, Any] = {
            "request": request,
            "dependant": get_dependant(path="/", call=call),
            "async_exit_stack": stack,
            "embed_body_fields": False,
        }
        words = {name: words[name] for name in words if name in KNOWN}
        solved: Any = await solve_dependencies(**words)
        values = solved[0] if isinstance(solved, tuple) else solved.values
        return await call(**values)


def test_several_calls_are_solved_at_once(log: Log) -> None:
    """Each in a task of its own, with the same dependencies."""
    app = FastAPI()

    async def first() -> None:
        with log.around("first"):
            await asyncio.sleep(0.01)

    async def second(_: Annotated[None, Depends(first)]) -> None:
        with log.around("second"):
            await asyncio.sleep(0.002)

    async def one(_: Annotated[None, Depends(second)]) -> None:
        with log.around("one"):
            await asyncio.sleep(0.005)

    async def two(
        _1: Annotated[None, Depends(first)],
        _2: Annotated[None, Depends(second)],
    ) -> None:
        with log.around("two"):
            await asyncio.sleep(0.001)

    @app.get("/")
    async def ep(request: Request) -> None:
        with log.around("ep"):
            calls = (one, two, one, two)
            await asyncio.gather(*(solve(request, call) for call in calls))

    made = log.agrees(app, verdicts={("first", "cached"): 2})
    kinds = {(lane.name, lane.kind) for lane in made.lanes}
    assert {name for name, kind in kinds if kind == "endpoint"} == {"ep"}


def test_calls_are_solved_by_hand_one_after_another(log: Log) -> None:
    """Each has dependencies of its own, and none is an endpoint."""
    app, d = FastAPI(), log.adoes("d")

    async def work(_: Annotated[None, Depends(d)]) -> None:
        with log.around("work"):
            pass

    @app.get("/")
    async def ep(request: Request) -> None:
        with log.around("ep"):
            await solve(request, work)
            await solve(request, work)

    log.agrees(app)


def test_another_application_is_called_in_process(log: Log) -> None:
    """Its endpoint and dependencies are seen among the caller's."""
    app, sub, d = FastAPI(), FastAPI(), log.adoes("d")

    @sub.get("/")
    async def inner(_: Annotated[None, Depends(d)]) -> None:
        with log.around("inner"):
            pass

    @app.get("/")
    async def ep(_: Annotated[None, Depends(d)]) -> None:
        transport = httpx2.ASGITransport(sub)
        with log.around("ep"):
            async with httpx2.AsyncClient(transport=transport) as client:
                await client.get("http://inner/")

    assert [lane.name for lane in log.agrees(app).lanes].count("inner") == 1


def test_a_validator_that_calls_a_dependency_is_no_event(log: Log) -> None:
    """It calls what FastAPI has just taken from its cache."""
    app, settings = FastAPI(), log.does("settings")

    class Page(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def short(cls, number: int) -> int:
            log.aside(settings)
            return number

    def first(_: Annotated[None, Depends(settings)]) -> None:
        with log.around("first"):
            pass

    @app.post("/")
    async def ep(
        page: Page,
        _1: Annotated[None, Depends(first)],
        _2: Annotated[None, Depends(settings)],
    ) -> None:
        with log.around("ep"):
            assert page.number

    def send(url: str) -> None:
        assert httpx2.post(url, json={"number": 1}).status_code == 200

    log.agrees(app, send, verdicts={("settings", "cached"): 1})


def test_endpoints_of_starlette_are_seen(log: Log) -> None:
    """A function, a coroutine function, and the methods of a class."""
    app = FastAPI()

    def plain(_: Request) -> PlainTextResponse:
        with log.around("plain"):
            return PlainTextResponse("x")

    async def coroutine(_: Request) -> PlainTextResponse:
        with log.around("coroutine"):
            return PlainTextResponse("x")

    class Page(HTTPEndpoint):
        async def get(self, _: Request) -> PlainTextResponse:
            with log.around("Page.get"):
                return PlainTextResponse("x")

    app.add_route("/plain", plain)
    app.add_route("/coroutine", coroutine)
    app.routes.append(Route("/page", Page))
    for path in ("/plain", "/coroutine", "/page"):
        made = log.agrees(app, get(path), verdicts={})
        assert [lane.kind for lane in made.lanes] == ["endpoint"]
        log.events.clear()


def cached(function: Any) -> Any:
    """Call it once, and answer for it from then on."""
    kept: dict[str, object] = {}

    @functools.wraps(function)
    async def wrapper() -> object:
        if "value" not in kept:
            kept["value"] = await function()
        return kept["value"]

    return wrapper


def tried(function: Any) -> Any:
    """Call it until it raises no more."""

    @functools.wraps(function)
    async def wrapper(**_: int) -> None:
        for number in range(3):
            with contextlib.suppress(ValueError):
                await function(number)
                break

    return wrapper


def closed(function: Any) -> Any:
    """Let nobody call it."""

    @functools.wraps(function)
    def wrapper() -> None:
        raise HTTPException(429)

    return wrapper


def test_a_decorator_may_answer_for_the_endpoint(log: Log) -> None:
    """Then the endpoint's own code did not run."""
    app = FastAPI()

    @app.get("/")
    @cached
    async def slow() -> int:
        with log.around("slow"):
            return 1

    log.agrees(app, verdicts={("slow", "answered"): 1}, first=get())


def test_a_decorator_may_try_again(log: Log) -> None:
    """The endpoint's own code begins as often as it does."""
    app = FastAPI()

    @app.get("/")
    @tried
    async def flaky(number: int) -> None:
        with log.around("flaky"):
            if number < 2:
                raise ValueError

    made = log.agrees(app, get("/?number=0"), verdicts={})
    assert made.order.count("flaky began") == 3
    assert made.lives[0].error == ""


def test_a_decorator_may_raise_before_the_endpoint(log: Log) -> None:
    """A limit of the rate, for one."""
    app = FastAPI()

    @app.get("/")
    @closed
    def shut() -> None:
        """Not called."""

    log.agrees(app, verdicts={("shut", "refused"): 1})


def test_a_context_manager_is_called_and_not_entered(log: Log) -> None:
    """What FastAPI did with it is shown, not what the endpoint did."""
    app = FastAPI()

    @contextlib.contextmanager
    def db() -> Iterator[str]:
        yield "x"

    @app.get("/")
    def ep(_: Annotated[Any, Depends(db)]) -> None:
        """Take it as it is."""

    with record(app) as timeline:
        TestClient(app, raise_server_exceptions=False).get("/")
        made = timeline.last
    assert "db called" in made.order
    assert made.lost == ""
