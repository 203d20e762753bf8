"""What goes wrong in the recorder stays in the recorder."""

import asyncio
import contextvars
import gc
import socket
import sys
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from inspect import Parameter, Signature
from itertools import repeat
from threading import Event
from types import SimpleNamespace
from typing import Annotated, Any, cast

import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies import utils
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from fastapi_timeline import Recorder, record, serve
from fastapi_timeline.framework import framework
from fastapi_timeline.live import Live
from fastapi_timeline.recording import WATCHER
from tests.fastapi_timeline.outer import Outer
from tests.fastapi_timeline.small import ORDER, give, small
from tests.fastapi_timeline.truth import Log, get

# Older Starlettes have no such class of their own.
WATCHED = {
    *("solve", "task", "task_made", "plain", "socket", "route", "chain"),
    *("response", "next_called"),
}
BROKEN = ["solve", "began", "went_on", "task", "task_made", "finish"]


@pytest.mark.parametrize("name", [*BROKEN, "sent", "received"])
def test_an_error_in_the_recorder_never_reaches_the_application(
    name: str, capsys: Any
) -> None:
    """It loses the picture and says so once; the request goes on."""

    def broken(*_: object, **__: object) -> None:
        message = "a mistake of ours"
        raise ZeroDivisionError(message)

    app = small()
    with record(app) as timeline, TestClient(app) as client:
        timeline.live = cast(
            "type[Live]", type("Broken", (Live,), {name: broken})
        )
        for _ in range(3):
            assert client.get("/").json() == 7
        assert timeline.wait(3).seen == 3
    said = capsys.readouterr().err
    # A TestClient with nothing to send is never asked to receive.
    assert said.count("ZeroDivisionError: a mistake of ours") <= 1
    if said:
        assert "a mistake of ours" in timeline.last.lost


def test_a_request_whose_notes_cannot_begin_has_a_picture_that_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And the next one is recorded as ever."""

    class Broken(Live):
        def __init__(self, *_: object) -> None:
            message = "a mistake of ours"
            raise ZeroDivisionError(message)

    app = small()
    with record(app) as timeline, TestClient(app) as client:
        timeline.live = cast("type[Live]", Broken)
        assert client.get("/").json() == 7
        assert "a mistake of ours" in timeline.last.lost
        timeline.live = Live
        client.get("/")
        assert (timeline.order, timeline.last.lost) == (ORDER, "")
    assert capsys.readouterr().err.count("a mistake of ours") == 1


def test_a_recorder_that_cannot_watch_shows_what_the_server_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python has room for few tools: others may have taken it all."""

    def full() -> None:
        message = "all places are taken"
        raise RuntimeError(message)

    app = small()
    with monkeypatch.context() as patch:
        patch.setattr(WATCHER, "start", full)
        with record(app) as timeline:
            assert TestClient(app).get("/").json() == 7
        assert timeline.order == ("response sent",)
        assert "all places are taken" in timeline.last.lost
    assert "all places are taken" in capsys.readouterr().err
    with timeline, record(app) as again:
        TestClient(app).get("/")
        assert (again.order, again.last.lost) == (ORDER, "")


@pytest.mark.parametrize("name", ["stop", "leave_thread"])
def test_a_watcher_that_cannot_end_costs_no_later_recording(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What it says of that is in the picture, not in the test."""
    app, real = small(), getattr(WATCHER, name)

    def broken() -> None:
        real()
        message = "a mistake of ours"
        raise ZeroDivisionError(message)

    with monkeypatch.context() as patch:
        patch.setattr(WATCHER, name, broken)
        with record(app) as timeline:
            assert TestClient(app).get("/").json() == 7
    assert "a mistake of ours" in timeline.lost + timeline.last.lost
    assert "a mistake of ours" in capsys.readouterr().err
    with record(app) as again:
        TestClient(app).get("/")
        assert (again.order, again.last.lost) == (ORDER, "")


def test_a_recording_that_is_cut_says_so() -> None:
    """The request goes on when the recorder is off."""
    app, began, end = FastAPI(), Event(), Event()

    @app.get("/")
    def ep() -> int:
        began.set()
        assert end.wait(10)
        return 7

    with ThreadPoolExecutor() as pool:
        with record(app) as timeline:
            answer = pool.submit(TestClient(app).get, "/")
            assert began.wait(10)
        end.set()
        assert answer.result().json() == 7
    assert "switched off before" in timeline.wait(1).last.lost


def test_a_request_that_is_closed_from_elsewhere_ends_quietly() -> None:
    """A server that is cut off may leave its coroutines to the collector."""

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()

    async def never() -> Any:
        await asyncio.sleep(0)

    with Recorder(app) as timeline:
        scope = {"type": "http"}
        request = cast("Any", timeline(scope, never, cast("Any", None)))
        contextvars.copy_context().run(request.send, None)
        contextvars.copy_context().run(request.close)
        assert timeline.order == ("error reached the server: GeneratorExit",)


def test_a_long_recording_stops_growing_and_says_so() -> None:
    """The picture says how many events it leaves out."""
    app = small()
    with Recorder(app, limit=5) as timeline:
        TestClient(timeline).get("/")
        made = timeline.last
    assert len([e for e in made.events if e.lane is not None]) < 5
    assert made.dropped == 5
    assert made.status == "200"
    assert "response sent" in made.order


def test_dependencies_that_share_theirs_stop_growing_too() -> None:
    """FastAPI solves a shared one once for each path to it: 1,973 here."""
    app = FastAPI()
    given: list[Any] = []
    for _ in range(14):
        asked = [Depends(one) for one in given[-2:]]

        def shared(**_: int) -> None:
            pass

        parameters = [
            Parameter(f"_{n}", Parameter.KEYWORD_ONLY, default=one)
            for n, one in enumerate(asked)
        ]
        cast("Any", shared).__signature__ = Signature(parameters)
        given.append(shared)

    app.get("/", dependencies=[Depends(given[-1])])(lambda: 1)
    with Recorder(app, limit=300) as timeline:
        assert TestClient(timeline).get("/").status_code == 200
        made = timeline.last
    assert len(made.lanes) <= 300
    assert made.dropped > 300
    assert made.status == "200"


def test_too_many_requests_at_once_lose_pictures_not_answers() -> None:
    """And the recorder says how many it left out."""
    with Recorder(small(), at_once=0) as timeline:
        assert TestClient(timeline).get("/").json() == 7
        assert (timeline.seen, timeline.skipped) == (0, 1)


def test_the_private_names_that_it_stands_on_are_there() -> None:
    """Guards FastAPI's internals: read them again where this fails."""
    codes, missing = framework()
    assert missing == ""
    found = Counter(name for _, name in codes)
    assert found.keys() == WATCHED
    assert found["plain"] == 3  # for requests, sockets and classes
    app = FastAPI()

    @app.get("/")
    def ep(_: Annotated[int, Depends(give)]) -> None:
        pass

    dependant = cast("Any", app.routes[-1]).dependant
    assert dependant.call is ep
    (asked,) = dependant.dependencies
    assert asked.call is give


@pytest.mark.parametrize(
    "without",
    [
        SimpleNamespace(),
        SimpleNamespace(solve_dependencies=lambda request: request),
    ],
)
def test_a_fastapi_without_them_says_what_cannot_be_seen(
    without: Any,
) -> None:
    """Tasks and the response are still drawn."""
    codes, missing = framework(without)
    assert {name for _, name in codes} == WATCHED - {"solve"}
    assert "dependencies and endpoint cannot be seen" in missing
    assert framework(utils)[1] == ""


def test_a_recorder_that_comes_late_sees_all_or_says_so(log: Log) -> None:
    """Python 3.11 has no way to look at threads that already run."""
    app = small()
    outer = Outer(app, log)
    with serve(outer) as url:
        get()(url)
        assert outer.over.wait(5)  # now there is a worker thread, and idle
        with record(app) as timeline:
            get()(url)
            made = timeline.wait(1).last
    if sys.version_info >= (3, 12):
        assert (made.lost, made.order) == ("", ORDER)
    else:
        assert "worker threads older than the recorder" in made.lost
        assert "ep was called, but could not be seen" in made.order


def test_a_client_that_reads_no_more_leaves_no_connection() -> None:
    """The server ends while it still sends, and closes what is open."""
    app = FastAPI()

    @app.get("/")
    def endless() -> StreamingResponse:
        return StreamingResponse(repeat(b"x" * 100_000))

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with serve(app, seconds=2) as url:
            host, _, port = url.removeprefix("http://").partition(":")
            client = socket.create_connection((host, int(port)))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(1000)
        client.close()
        gc.collect()
    assert not said
