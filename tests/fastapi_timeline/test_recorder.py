"""The recorder keeps out of the way, whatever happens to it."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.testclient import TestClient

from fastapi_timeline import Recorder, record, serve
from fastapi_timeline.recording import WATCHER
from tests.fastapi_timeline.small import ORDER, small, task


def test_with_record_the_order_can_be_asserted() -> None:
    """Any client will do: here FastAPI's own TestClient."""
    app = small()
    with record(app) as timeline, TestClient(app) as client:
        assert client.get("/").json() == 7
        assert timeline.order == ORDER


def test_afterwards_the_application_is_as_it_was() -> None:
    """Its stack, its attributes, Python's tools: nothing is left behind."""
    app = small()
    before = dict(vars(app))
    with record(app):
        pass
    assert vars(app) == before
    client = TestClient(app)
    client.get("/")
    stack = app.middleware_stack
    with record(app):
        client.get("/")
    assert app.middleware_stack is stack
    assert WATCHER.users == 0
    if sys.version_info >= (3, 12):
        tools = map(sys.monitoring.get_tool, range(6))
        assert "fastapi_timeline" not in tools


def test_middleware_can_still_be_added_while_recording() -> None:
    """The stack is built at the first request, as without a recorder."""
    app = small()
    client = TestClient(app)
    with record(app) as timeline:

        @app.middleware("http")
        async def mark(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            response.headers["x-marked"] = "yes"
            return response

        assert client.get("/").headers["x-marked"] == "yes"
        # In an older Starlette such a middleware is still sending by then.
        assert set(timeline.order) == set(ORDER)
    with TestClient(app) as client:
        assert client.get("/").headers["x-marked"] == "yes"
    assert timeline.seen == 1


def test_what_is_no_application_is_refused_with_another_way() -> None:
    """An ASGI function has no stack to record in: wrap it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    with (
        pytest.raises(TypeError, match=r"serve Recorder\(app\)"),
        record(app),
    ):
        pass


def test_each_mounted_application_may_have_a_recorder() -> None:
    """As the course's page does: more of them than Python has tools."""
    page = FastAPI()
    recorders = [Recorder(small()) for _ in range(8)]
    for number, recorder in enumerate(recorders):
        page.mount(f"/{number}", recorder)
    with TestClient(page) as client:
        for number in range(8):
            assert client.get(f"/{number}/").json() == 7
    assert [recorder.order for recorder in recorders] == [ORDER] * 8
    for recorder in recorders:
        recorder.on = False


def test_two_recorders_of_one_request_have_the_same_picture() -> None:
    """A request is one picture, not two halves; each has the whole."""
    inner = Recorder(small())
    with Recorder(inner) as outer:
        TestClient(outer).get("/")
        assert outer.order == ORDER
        assert (inner.seen, inner.last) == (1, outer.last)
    inner.on = False


def test_a_recorder_that_is_off_hands_requests_through() -> None:
    """And can be switched on again."""
    recorder = Recorder(small())
    client = TestClient(recorder)
    recorder.on = False
    assert client.get("/").json() == 7
    assert recorder.seen == 0
    recorder.on = True
    client.get("/")
    assert recorder.order == ORDER
    recorder.on = False


def test_a_recorder_that_is_forgotten_stops_watching() -> None:
    """Nobody has to remember to switch it off."""
    recorder = Recorder(small())
    assert WATCHER.users == 1
    del recorder
    assert WATCHER.users == 0


def test_before_the_first_request_there_is_nothing_to_show() -> None:
    """The error says what to do."""
    with (
        record(small()) as timeline,
        pytest.raises(LookupError, match="send one"),
    ):
        assert timeline.last


def test_waiting_has_an_end() -> None:
    """The error says what still runs."""
    with (
        record(small()) as timeline,
        pytest.raises(TimeoutError, match="0 requests are recorded"),
    ):
        timeline.wait(1, seconds=0)


def test_a_hundred_requests_at_once_are_not_mixed_up() -> None:
    """Each recording holds its own request's functions, in their order."""
    app, inside = FastAPI(), threading.Barrier(20)

    async def own(number: int) -> Any:
        yield number

    @app.get("/{number}")
    def ep(
        number: int,
        tasks: BackgroundTasks,
        given: Annotated[int, Depends(own)],
    ) -> int:
        inside.wait(10)  # twenty are in here together
        tasks.add_task(asyncio.sleep, 0)
        tasks.add_task(task)
        return given

    with record(app) as timeline, serve(app) as url:

        def ask(number: int) -> bool:
            answer = httpx2.get(f"{url}/{number}", timeout=20)
            return bool(answer.json() == number)

        with ThreadPoolExecutor(20) as pool:
            assert all(pool.map(ask, range(100)))
        timeline.wait(100)
    made = timeline.recordings
    assert {r.path for r in made} == {f"/{n}" for n in range(100)}
    (order,) = {r.order for r in made}
    assert [said for said in order if not said.startswith("own")] == [
        *("ep began", "ep ended", "response sent"),
        *("sleep began", "sleep ended", "task began", "task ended"),
    ]
