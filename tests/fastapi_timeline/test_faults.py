"""What goes wrong in the recorder stays in the recorder."""

import sys
from types import SimpleNamespace
from typing import Annotated, Any, cast

import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies import utils
from fastapi.testclient import TestClient

from fastapi_timeline import Recorder, record, serve
from fastapi_timeline.framework import FOLLOWED, framework
from fastapi_timeline.live import Live
from tests.fastapi_timeline.outer import Outer
from tests.fastapi_timeline.small import ORDER, give, small
from tests.fastapi_timeline.truth import Log, get

# Older Starlettes have no such class of their own.
NOT_ALWAYS = {"middleware's response"}
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


def test_a_long_recording_stops_growing_and_says_so() -> None:
    """The picture says how many events it leaves out."""
    app = small()
    with Recorder(app, limit=5) as timeline:
        TestClient(timeline).get("/")
        made = timeline.last
    assert len(made.events) == 5
    assert made.dropped > 5


def test_too_many_requests_at_once_lose_pictures_not_answers() -> None:
    """And the recorder says how many it left out."""
    with Recorder(small(), at_once=0) as timeline:
        assert TestClient(timeline).get("/").json() == 7
        assert (timeline.seen, timeline.skipped) == (0, 1)


def test_the_private_names_that_it_stands_on_are_there() -> None:
    """Guards FastAPI's internals: read them again where this fails."""
    codes, missing = framework()
    assert missing == ""
    assert set(FOLLOWED) - set(codes) <= NOT_ALWAYS
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
    assert set(FOLLOWED) - set(codes) - NOT_ALWAYS == {"solve"}
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
