"""The recorded errors are the real ones while somebody else traces, too."""

import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

from fastapi_timeline import record, serve, terminal
from tests.fastapi_timeline.truth import VERSION, Log, get


@pytest.fixture
def traced() -> Iterator[list[str]]:
    """Trace all code as a debugger does, and coverage on Python 3.11."""
    lines: list[str] = []

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "line" and frame.f_code.co_filename == __file__:
            lines.append(frame.f_code.co_name)
        return trace

    before = sys.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    yield lines
    sys.settrace(before)
    threading.settrace(before)


@pytest.mark.parametrize("raised", [KeyError, HTTPException])
def test_an_error_has_its_name_and_place(
    log: Log, traced: list[str], raised: type[Exception]
) -> None:
    """The function that raised it, not one that it passed through."""
    app, d = FastAPI(), log.gives("d")

    @app.get("/")
    def ep(_: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            raise raised(418)

    made = log.agrees(app)
    assert f"ep raised {raised.__name__}" in made.order
    assert f"d left with {raised.__name__}" in made.order
    place = next(e.place for e in made.events if e.what == "raised")
    assert "test_truth_of_tracers.py:" in place
    assert "ep" in traced


def test_a_task_that_fails_has_its_name(log: Log, traced: list[str]) -> None:
    """And an error of a dependency's own is its own."""
    app, t = FastAPI(), log.does("t", LookupError())

    async def d() -> AsyncIterator[None]:
        log("d", "began")
        log("d", "yielded")
        try:
            yield
        except LookupError:
            log("d", "resumed")
            log("d", "raised")
            raise OSError from None
        log("d", "resumed")
        log("d", "ended")

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[None, Depends(d)]
    ) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    order = log.agrees(app).order
    assert "t raised LookupError" in order
    held = VERSION < (0, 106) or VERSION >= (0, 118)  # until the tasks' end
    assert ("d raised OSError" in order) == held
    assert "ep" in traced


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="sys.monitoring has room for others"
)
def test_where_a_profiler_has_the_thread_that_is_said() -> None:
    """Python 3.11 has room for one; the picture does not look complete."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        before = sys.getprofile()
        sys.setprofile(lambda *_: None)
        yield
        sys.setprofile(before)

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def ep() -> None:
        """Be called, and not seen."""

    with record(app) as recorder, serve(app) as url:
        get()(url)
        recorder.wait(1)
    assert "Another profiler is at work" in terminal(recorder.last)
    assert recorder.order == ("response sent",)
