"""The recorded order is the real one: errors, wherever they are raised."""

import asyncio
import functools
from collections.abc import Iterator
from typing import Annotated, Any

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from starlette.requests import Request

from tests.fastapi_timeline.truth import VERSION, Log, get

NEVER = {("t", "unreached"): 1}


def test_an_endpoint_that_refuses_runs_no_task(log: Log) -> None:
    """An HTTPException is an answer, but the tasks belong to a return."""
    app, d, t = FastAPI(), log.gives("d"), log.does("t")

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)
            raise HTTPException(418)

    made = log.agrees(app, verdicts=NEVER)
    assert made.status == "418"
    assert "ep raised HTTPException" in made.order


def test_a_group_of_errors_is_an_error(log: Log) -> None:
    """The dependency is left with the group, and a handler has it."""
    app, d = FastAPI(), log.gives("d")

    async def boom() -> None:
        raise ValueError

    @app.get("/")
    async def ep(_: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            async with asyncio.TaskGroup() as group:
                group.create_task(boom())

    @app.exception_handler(ExceptionGroup)
    async def answer(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({}, 418)

    made = log.agrees(app, verdicts={})
    assert made.status == "418"
    assert "boom raised ValueError" in made.steps
    assert "ep raised ExceptionGroup" in made.order


class Asked(type):
    """A class that does not like to be asked for its name."""

    def __getattribute__(cls, name: str) -> Any:
        if name == "__name__":
            raise AssertionError
        return super().__getattribute__(name)


class OddError(Exception, metaclass=Asked):
    """It is another class, it says, and neither true nor false."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return GeneratorExit

    def __bool__(self) -> bool:
        raise AssertionError


def test_an_error_is_asked_nothing(log: Log) -> None:
    """Its true class is known without its help."""
    app, d = FastAPI(), log.agives("d")

    @app.get("/")
    async def ep(_: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            raise OddError

    @app.exception_handler(OddError)
    async def answer(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({}, 418)

    made = log.agrees(app, verdicts={})
    assert made.status == "418"
    assert "ep raised OddError" in made.order


class Patience:
    """A middleware whose patience may end: then it cancels what is inside."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer by itself then."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with anyio.CancelScope() as patience:
            scope["app"].state.patience = patience
            await self.app(scope, receive, send)
        if patience.cancel_called:
            await JSONResponse({}, 504)(scope, receive, send)


def test_a_request_that_is_cancelled_is_seen_to_its_end(log: Log) -> None:
    """The error is thrown into the endpoint, and into what it holds."""
    app, d = FastAPI(), log.agives("d")
    app.add_middleware(Patience)

    @app.get("/")
    async def ep(_: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            app.state.patience.cancel()
            await asyncio.Event().wait()

    made = log.agrees(app, verdicts={})
    assert made.status == "504"
    assert "ep raised CancelledError" in made.order


def test_an_endpoint_that_breaks_throws_into_its_dependency(
    log: Log,
) -> None:
    """The dependency is left with the error, which is not its own."""
    app, d, t = FastAPI(), log.agives("d"), log.does("t")

    @app.get("/")
    def ep(tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            log.add(tasks, t)
            raise KeyError("k")

    made = log.agrees(app, verdicts=NEVER)
    assert "ep raised KeyError" in made.order
    place = next(e.place for e in made.events if e.what == "raised")
    assert "test_truth_of_errors.py:" in place


def test_a_handled_error_is_seen_by_all_that_were_entered(log: Log) -> None:
    """The application's own handler makes the response."""
    app, d, s = FastAPI(), log.agives("d"), log.gives("s")

    @app.exception_handler(KeyError)
    async def handle(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({}, status_code=400)

    @app.get("/")
    def ep(
        _d: Annotated[Any, Depends(d)], _s: Annotated[Any, Depends(s)]
    ) -> None:
        with log.around("ep"):
            raise KeyError("k")

    assert log.agrees(app, verdicts={}).status == "400"


def test_a_dependency_may_swallow_the_error(log: Log) -> None:
    """FastAPI says what it thinks of that; the picture what happened."""
    app = FastAPI()

    def s() -> Iterator[int]:
        log("s", "began")
        log("s", "yielded")
        try:
            yield 1
        except KeyError:
            log("s", "resumed")
        log("s", "ended")

    @app.get("/")
    def ep(_: Annotated[int, Depends(s)]) -> None:
        with log.around("ep"):
            raise KeyError("k")

    log.agrees(app, verdicts={})


def test_invalid_input_says_what_was_not_called(log: Log) -> None:
    """What is valid runs all the same, and its task never does."""
    app, d, t = FastAPI(), log.gives("d"), log.does("t")
    late = log.does("late")

    def adds(tasks: BackgroundTasks) -> None:
        with log.around("adds"):
            log.add(tasks, t)

    def wants(q: int) -> int:
        return q

    def above(w: Annotated[int, Depends(wants)]) -> int:
        return w

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(d)],
        _2: Annotated[None, Depends(adds)],
        _3: Annotated[int, Depends(above)],
        _4: Annotated[Any, Depends(late)],
    ) -> None:
        log("ep", "began")

    invalid = {(name, "invalid"): 1 for name in ("wants", "above", "ep")}
    log.agrees(app, get("/?q=no"), verdicts=NEVER | invalid)


def test_a_dependency_that_raises_ends_the_resolving(log: Log) -> None:
    """What was to come after it never ran, the endpoint among it."""
    app, d, never = FastAPI(), log.gives("d"), log.does("never")

    def bad() -> Iterator[None]:
        with log.around("bad"):
            if app:
                raise HTTPException(409)
            yield

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(d)],
        _2: Annotated[None, Depends(bad)],
        _3: Annotated[Any, Depends(never)],
    ) -> None:
        log("ep", "began")

    made = log.agrees(app, verdicts={("ep", "unreached"): 1})
    assert "ep never ran" in made.order


def test_a_dependency_may_raise_when_it_is_left(log: Log) -> None:
    """Whether the client hears of it depends on FastAPI's version."""
    app, d, t = FastAPI(), log.gives("d"), log.does("t")

    def bad() -> Iterator[None]:
        log("bad", "began")
        log("bad", "yielded")
        yield
        log("bad", "resumed")
        log("bad", "raised")
        raise HTTPException(409)

    @app.get("/")
    def ep(
        tasks: BackgroundTasks,
        _1: Annotated[Any, Depends(d)],
        _2: Annotated[None, Depends(bad)],
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    heard = (0, 106) <= VERSION < (0, 118)
    made = log.agrees(app, verdicts=NEVER if heard else {})
    assert made.status == ("409" if heard else "200")


def test_an_error_in_a_function_without_python_code_is_shown(
    log: Log,
) -> None:
    """Nobody saw it run, but its error is known."""
    app, d = FastAPI(), log.gives("d")
    bad = functools.partial(__import__, "no_such_module")

    @app.get("/")
    def ep(
        _1: Annotated[Any, Depends(d)], _2: Annotated[Any, Depends(bad)]
    ) -> None:
        log("ep", "began")

    query = "/?globals=1&locals=1&fromlist=1&level=0&name=x"
    made = log.agrees(app, get(query), codeless=("__import__",))
    assert "__import__ raised TypeError" in made.order
