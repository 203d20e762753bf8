"""The recorded order is the real one: tasks of somebody's own making."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Annotated, Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as Several

from fastapi_timeline import record
from fastapi_timeline.words import failed, outcome
from tests.fastapi_timeline.truth import Log, get


class Caught(BackgroundTask):
    """Calls the function itself, twice if need be, and lets no error out."""

    async def __call__(self) -> None:
        """Try it."""
        for _ in range(2):
            with contextlib.suppress(ValueError):
                await self.func(*self.args, **self.kwargs)
                break


class Timed(BackgroundTask):
    """Does something around what Starlette does."""

    async def __call__(self) -> None:
        """Let Starlette do it."""
        await super().__call__()


class Skipped(BackgroundTask):
    """Does nothing at all."""

    async def __call__(self) -> None:
        """Do nothing."""


class AtOnce(Several):
    """Runs its tasks at the same time."""

    async def __call__(self) -> None:
        """Gather them."""
        await asyncio.gather(*(task() for task in self.tasks))


class ByHand(Several):
    """Calls the functions of its tasks itself."""

    async def __call__(self) -> None:
        """Call them."""
        for task in self.tasks:
            call: Any = task.func
            await call()


def app_with(log: Log, answer: Callable[[], Any]) -> FastAPI:
    """Make an application whose endpoint answers so."""
    app = FastAPI()

    @app.get("/")
    async def ep() -> Any:
        with log.around("ep"):
            return answer()

    return app


def made(log: Log, kind: Any, task: Any) -> BackgroundTask:
    """Make a task and log that."""
    log(task.__name__, "added")
    found: BackgroundTask = kind(task)
    return found


@pytest.mark.parametrize("kind", [Caught, Timed])
def test_a_kind_of_task_of_ones_own_runs(log: Log, kind: Any) -> None:
    """Whether it calls the function itself or lets Starlette do that."""
    t = log.adoes("t")

    def answer() -> JSONResponse:
        return JSONResponse({}, background=made(log, kind, t))

    log.agrees(app_with(log, answer), verdicts={})


def test_a_kind_of_task_without_a_function_is_named_by_itself(
    log: Log,
) -> None:
    """It does its work in its own call."""

    class Purge(BackgroundTask):
        def __init__(self) -> None:
            """Know no function."""

        async def __call__(self) -> None:
            with log.around("Purge"):
                await asyncio.sleep(0)

    def answer() -> JSONResponse:
        return JSONResponse({}, background=Purge())

    log.agrees(app_with(log, answer), verdicts={})


def test_a_task_that_is_tried_again_is_seen_again(log: Log) -> None:
    """Its last try decides how it ended, in words and in the picture."""
    t = log.adoes("t", ValueError("x"))

    def answer() -> JSONResponse:
        return JSONResponse({}, background=made(log, Caught, t))

    order = log.agrees(app_with(log, answer), verdicts={}).order
    assert order.count("t raised ValueError") == 2


def test_a_task_that_calls_nothing_never_ran(log: Log) -> None:
    """Its own kind decides."""
    t = log.adoes("t")

    def answer() -> JSONResponse:
        return JSONResponse({}, background=made(log, Skipped, t))

    log.agrees(app_with(log, answer), verdicts={("t", "unreached"): 1})


@pytest.mark.parametrize("kind", [AtOnce, ByHand])
def test_a_list_of_tasks_of_ones_own_runs_them(log: Log, kind: Any) -> None:
    """At once, or without Starlette's own call of each."""
    one, two = log.adoes("one"), log.adoes("two")

    def answer() -> JSONResponse:
        tasks = kind()
        log.add(tasks, one)
        log.add(tasks, two)
        return JSONResponse({}, background=tasks)

    log.agrees(app_with(log, answer), verdicts={})


def test_replaced_tasks_never_ran(log: Log) -> None:
    """Python may give a new task the place of one that is gone."""
    names = ["one", "two", "three", "four"]
    tasks = [log.does(name) for name in names]

    def answer() -> JSONResponse:
        response = JSONResponse({})
        for task in tasks:
            response.background = made(log, BackgroundTask, task)
        return response

    never = {(name, "unreached"): 1 for name in names[:-1]}
    log.agrees(app_with(log, answer), verdicts=never)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("decorated", [False, True])
def test_a_task_whose_coroutine_nobody_awaits_is_no_success(
    *, decorated: bool
) -> None:
    """A `def` runs in a worker thread, which drops what it returns."""
    app = FastAPI()

    async def later() -> None:
        raise AssertionError

    def task() -> Any:
        return later()

    if decorated:
        task = functools.wraps(later)(task)

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        tasks.add_task(task)

    with record(app) as timeline:
        TestClient(app).get("/")
    assert timeline.order[3:] == (
        ("later returned a coroutine that nobody awaited",)
        if decorated
        else (
            *("task began", "task ended"),
            "task returned a coroutine that nobody awaited",
        )
    )
    assert outcome(timeline.last.lives[1]) == ("not awaited", "")
    assert failed(timeline.last.lives[1])


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("awaits", [True, False])
def test_a_dependency_may_give_a_coroutine(*, awaits: bool) -> None:
    """Whether the endpoint awaits it is seen, at the latest at the end."""
    app = FastAPI()

    async def later() -> int:
        return 3

    def d() -> Any:
        return later()

    @app.get("/")
    async def ep(value: Annotated[Any, Depends(d)]) -> int:
        app.state.value = value
        return await value if awaits else 3

    with record(app) as timeline:
        assert TestClient(app).get("/").json() == 3
    said = "d returned a coroutine that nobody awaited" in timeline.order
    assert said is not awaits
    del app.state.value


def test_tasks_may_be_called_by_hand(log: Log) -> None:
    """They run then, and once more after the response."""
    app, t, u = FastAPI(), log.does("t"), log.adoes("u")

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        with log.around("ep"):
            log.add(tasks, t)
            log.add(tasks, u)
            await tasks()

    log.agrees(app, verdicts={})


def test_a_task_may_be_made_once_for_all_requests(log: Log) -> None:
    """It was not added by this one."""
    app, t = FastAPI(), log.does("t")
    task = BackgroundTask(t)

    @app.get("/")
    async def ep() -> JSONResponse:
        with log.around("ep"):
            return JSONResponse({}, background=task)

    log.agrees(app, verdicts={}, first=get())


def test_a_function_chosen_by_its_argument_is_a_task(log: Log) -> None:
    """`singledispatch` calls another one than the one it decorates."""

    @functools.singledispatch
    def t(_: object) -> None:
        raise AssertionError

    @t.register
    def _(_: int) -> None:
        with log.around("t"):
            pass

    app = FastAPI()

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        with log.around("ep"):
            log.add(tasks, t, 1, name="t")

    log.agrees(app, verdicts={})


class Stop(BaseException):
    """What `except Exception` does not catch."""


@pytest.mark.parametrize("kind", [Stop, asyncio.CancelledError])
def test_a_task_may_raise_what_is_no_error(kind: type[BaseException]) -> None:
    """What comes out is the same, and the picture names it."""
    app = FastAPI()

    async def t() -> None:
        raise kind

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        tasks.add_task(t)

    def asked() -> type[BaseException] | None:
        try:
            TestClient(app).get("/")
        except BaseException as exc:  # noqa: BLE001 (compared)
            return type(exc)
        return None

    without = asked()
    with record(app) as timeline:
        assert asked() is without
    assert f"t raised {kind.__name__}" in timeline.order


def test_a_task_may_be_in_the_list_twice(log: Log) -> None:
    """It runs twice."""
    t = log.does("t")

    def answer() -> JSONResponse:
        task = made(log, BackgroundTask, t)
        return JSONResponse({}, background=Several([task, task]))

    log.agrees(app_with(log, answer), verdicts={})


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("how", ["function", "partial", "object", "lambda"])
def test_anything_awaitable_may_stand_as_a_task(
    log: Log, how: str, *, streams: bool
) -> None:
    """A response awaits what its `background` returns."""
    t = log.adoes("t")

    class Sent:
        async def __call__(self) -> None:
            with log.around("Sent"):
                await asyncio.sleep(0)

    call: Any = {
        "function": t,
        "partial": functools.partial(t),
        "object": Sent(),
        "lambda": lambda: t(),  # noqa: PLW0108 (that is meant)
    }[how]

    def answer() -> Any:
        if streams:
            return StreamingResponse(iter(["x"]), background=call)
        return JSONResponse({}, background=call)

    app = app_with(log, answer)
    if how != "lambda":
        log.agrees(app, verdicts={})
        return
    with record(app) as timeline:
        TestClient(app).get("/")
    began, ended = timeline.order[-2:]
    assert began.startswith("lambda:")
    assert ended.startswith("lambda:")


def plain(_: int = 1) -> None:
    """Be imitated."""


async def later(_: int = 1) -> None:
    """Be imitated."""


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (Mock(name="mail"), "mail"),
        (MagicMock(), "MagicMock"),
        (AsyncMock(), "AsyncMock"),
        (AsyncMock(spec=later, name="spec"), "spec"),
        (Mock().mail.send, "send"),
        (create_autospec(plain), "plain"),
        (create_autospec(later), "later"),
        (functools.partial(AsyncMock(name="partial"), 1), "partial"),
    ],
    ids=["a", "b", "c", "d", "e", "f", "g", "h"],
)
def test_what_a_test_puts_in_a_tasks_place_is_seen(
    task: Any, name: str
) -> None:
    """And it is asked nothing: a mock has an answer to every question."""
    app = FastAPI()

    @app.get("/")
    async def ep() -> JSONResponse:
        return JSONResponse({}, background=BackgroundTask(task))

    for _ in range(2):
        with record(app) as timeline:
            assert TestClient(app).get("/").status_code == 200
        assert timeline.last.lost == ""
        assert timeline.order[-2:] == (f"{name} began", f"{name} ended")


def needs(_missing: int) -> None:
    """Be called without what it needs."""


@functools.cache
def remembered() -> None:
    """Be answered from a cache."""


def one_by_one() -> Iterator[int]:
    """Be made, and not run."""
    yield 1


@pytest.mark.parametrize(
    ("task", "verdict"),
    [
        (needs, "not called: its arguments do not fit"),
        (remembered, "answered from functools' cache"),
        (one_by_one, "never ran"),
    ],
)
def test_a_task_that_does_not_run_is_not_shown_as_one_that_did(
    task: Any, verdict: str
) -> None:
    """Its call fails, or does not reach the function."""
    remembered()
    app = FastAPI()

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        tasks.add_task(task)

    with record(app) as timeline:
        TestClient(app, raise_server_exceptions=False).get("/")
    assert f"{task.__name__} {verdict}" in timeline.order
    assert timeline.last.lost == ""
    assert not any(life.began for life in timeline.last.lives[1:])


def test_an_object_is_asked_nothing_about_itself() -> None:
    """Only Starlette asks, with and without a recorder."""
    asked: list[str] = []

    class Proxy:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            raise AttributeError(name)

        def __call__(self) -> None:
            """Do nothing."""

    app = FastAPI()

    @app.get("/")
    async def ep() -> JSONResponse:
        return JSONResponse({}, background=BackgroundTask(Proxy()))

    TestClient(app).get("/")
    without = asked.copy()
    asked.clear()
    with record(app) as timeline:
        TestClient(app).get("/")
    assert asked == without
    assert timeline.order[-2:] == ("Proxy began", "Proxy ended")
