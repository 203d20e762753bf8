"""What an application and its tools can look at is as without a recorder."""

import copy
import inspect
import sys
import threading
from contextlib import ExitStack
from types import MethodType
from typing import Any

import httpx2
import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask
from starlette.middleware.errors import ServerErrorMiddleware

from fastapi_timeline import Recording, record
from fastapi_timeline.original import own
from tests.fastapi_timeline.small import ORDER, small


class Seen:
    """A middleware that keeps a deep copy of each scope, and hands it on."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Keep a copy of all that can be copied."""
        live = ("app", "state")
        plain = {key: scope[key] for key in scope if key not in live}
        scope["app"].state.scopes.append(copy.deepcopy(plain))
        scope = scope | copy.deepcopy(plain)
        await self.app(scope, receive, send)


def test_a_scope_holds_nothing_of_ours_and_can_be_copied() -> None:
    """The same keys as without a recorder."""
    app = small()
    app.add_middleware(Seen)
    app.state.scopes = []
    client = TestClient(app)
    client.get("/")
    with record(app) as timeline:
        assert client.get("/").json() == 7
        assert timeline.order == ORDER
    without, with_ = app.state.scopes
    assert without.keys() == with_.keys()


class Rewriting:
    """A middleware that rewrites what the client asked for."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Change what the routes are found by."""
        scope |= {"path": "/", "method": "GET", "query_string": b""}
        await self.app(scope, receive, send)


def test_the_title_is_what_the_client_asked_for() -> None:
    """Whatever the application made of it; its query as well."""
    app = small()
    app.add_middleware(Rewriting)
    with record(app) as timeline:
        assert TestClient(app).post("/old/é?page=2").json() == 7
        made = timeline.last
    assert (made.method, made.path, made.query) == ("POST", "/old/é", "page=2")
    assert made.title == "POST /old/é?page=2"
    assert Recording.from_json(made.to_json()) == made


def trace(app: FastAPI, found: list[str]) -> None:
    """Instrument an application as OpenTelemetry does."""
    build = app.build_middleware_stack

    def traced(_self: FastAPI) -> Any:
        stack = build()
        assert isinstance(stack, ServerErrorMiddleware)

        async def note(scope: Any, receive: Any, send: Any) -> None:
            found.append(scope["type"])
            await stack(scope, receive, send)

        return ServerErrorMiddleware(note)

    setattr(app, "build_middleware_stack", MethodType(traced, app))  # noqa: B010


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("when", ["before", "during"])
def test_what_another_tool_instruments_stays(when: str, built: bool) -> None:  # noqa: FBT001
    """Whether before or while it is recorded."""
    app, found = small(), list[str]()
    if built:
        TestClient(app).get("/")
    if when == "before":
        trace(app, found)
    with record(app) as timeline:
        if when == "during":
            trace(app, found)
        app.middleware_stack = None
        TestClient(app).get("/")
        assert timeline.order == ORDER
        inside = dict(vars(app))
    assert vars(app) == inside
    TestClient(app).get("/")
    assert found == ["http", "http"]


def test_a_tool_can_take_away_what_it_put_there_before() -> None:
    """A recording that goes on then is not in its way."""
    app, found = small(), list[str]()
    trace(app, found)
    with record(app) as timeline:
        del vars(app)["build_middleware_stack"]
        app.middleware_stack = app.build_middleware_stack()
        TestClient(app).get("/")
        assert (timeline.order, found) == (ORDER, [])
    assert isinstance(app.middleware_stack, ServerErrorMiddleware)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_recordings_overlap_and_end_in_any_order(order: list[int]) -> None:
    """Each sees what happened while it was on."""
    app = small()
    client = TestClient(app)
    stacks = [ExitStack() for _ in order]
    timelines = [stack.enter_context(record(app)) for stack in stacks]
    for number in order:
        assert client.get("/").json() == 7
        stacks[number].close()
    assert client.get("/").json() == 7
    assert type(app) is FastAPI
    assert [timelines[n].seen for n in order] == [1, 2, 3]
    assert {one.order for one in timelines} == {ORDER}


def test_its_class_is_the_same_but_in_name() -> None:
    """A server knows it by its signature; no registry learns of it."""
    told = list[type]()

    class App(FastAPI):
        def __init_subclass__(cls) -> None:
            told.append(cls)

    app = App()
    signature = inspect.signature(app)
    with record(app):
        assert isinstance(app, App)
        assert type(app).__name__ == "App"
        assert inspect.signature(app) == signature
        assert app.__class__ is App
        assert inspect.iscoroutinefunction(app.__call__)
        other = copy.copy(app)
        with record(other) as copied:
            TestClient(other).get("/")
            TestClient(app).get("/")
            assert copied.seen == 1
    assert (type(app), told) == (App, [])


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_profiler_of_threads_stays(when: str) -> None:
    """Python 3.11 has room for one, and this one was there."""

    def profiler(*_: object) -> None:
        """Look at nothing."""

    app = small()
    try:
        if when == "before":
            threading.setprofile(profiler)
        with record(app) as timeline:
            threading.setprofile(profiler)
            assert TestClient(app).get("/").json() == 7
        assert threading.getprofile() is profiler
    finally:
        threading.setprofile(None)
    if sys.version_info < (3, 12):
        assert "Another profiler is at work" in timeline.last.lost
    else:
        assert timeline.order == ORDER


def test_a_method_may_look_above_its_own_class() -> None:
    """By `self.__class__`, which is the application's own."""

    class App(FastAPI):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            above: Any = super(self.__class__, self)
            await above.__call__(scope, receive, send)

    app = App()
    app.get("/")(lambda: 7)
    with record(app) as timeline:
        assert TestClient(app).get("/").json() == 7
        assert timeline.seen == 1


def test_a_class_that_somebody_changed_meanwhile_stays() -> None:
    """The recording is over all the same."""

    class Other(FastAPI):
        pass

    app = small()
    with record(app) as timeline:
        app.__class__ = Other
    assert type(app) is Other
    assert TestClient(app).get("/").json() == 7
    assert timeline.seen == 0


def test_a_mounted_application_shares_its_page_s_picture() -> None:
    """Recorded on its own too, it has the same one, through any scope."""
    page, stage = FastAPI(), small()
    page.mount("/stage", stage)
    page.add_middleware(Seen)
    page.state.scopes = []
    with record(page) as outer, record(stage) as inner:
        TestClient(page).get("/stage/?a=1")
        assert (outer.order, inner.order) == (ORDER, ORDER)
        assert inner.last.title == "GET /stage/?a=1"
        TestClient(stage).get("/")
        assert (outer.seen, inner.seen) == (1, 2)


def test_an_application_called_in_process_is_a_request_of_its_own() -> None:
    """It is another one, within the first: each has its picture."""
    page, other = FastAPI(), small()

    @page.get("/")
    async def ask() -> int:
        transport = httpx2.ASGITransport(other)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://other"
        ) as client:
            return int((await client.get("/inner")).status_code)

    other.add_api_route("/inner", lambda: 3)
    with record(page) as outer, record(other) as inner:
        assert TestClient(page).get("/").json() == 200
        assert outer.order == ("ask began", "ask ended", "response sent")
        assert inner.last.title == "GET /inner"


def test_tasks_are_seen_where_another_tool_replaced_their_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Starlette's own code is what is watched, before and afterwards."""
    call = BackgroundTask.__call__

    async def traced(task: BackgroundTask) -> None:
        await call(task)

    app = FastAPI()

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> None:
        tasks.add_task(print, end="")

    client = TestClient(app)
    with monkeypatch.context() as patch:
        patch.setattr(BackgroundTask, "__call__", traced)
        assert own(traced, "BackgroundTask.__call__") is call.__code__
        with record(app) as timeline:
            client.get("/")
            patch.undo()
            client.get("/")
    one, two = timeline.recordings
    assert one.order == two.order
    assert "print began" in two.order
