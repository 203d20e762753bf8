"""The recorded order is the real one: endpoints of Starlette's other kinds."""

import sys
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from fastapi_timeline import record, terminal
from tests.fastapi_timeline.truth import Log


def test_an_asgi_application_as_an_endpoint_is_shown(log: Log) -> None:
    """An object that is called with scope, receive and send."""

    class Raw:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            with log.around("Raw"):
                await JSONResponse({})(scope, receive, send)

    app = FastAPI(routes=[Route("/", Raw())])
    made = log.agrees(app, verdicts={})
    assert [lane.kind for lane in made.lanes] == ["endpoint"]


def test_a_class_with_a_method_for_each_verb_is_shown(log: Log) -> None:
    """The method that answers is the endpoint."""

    class Verbs(HTTPEndpoint):
        async def get(self, _: Any) -> Response:
            with log.around("Verbs.get"):
                return JSONResponse({})

    log.agrees(FastAPI(routes=[Route("/", Verbs)]), verdicts={})


def test_a_class_for_a_web_socket_is_shown(log: Log) -> None:
    """From its connection to its end, as one."""

    class Talks(WebSocketEndpoint):
        async def on_connect(self, websocket: Any) -> None:
            log("Talks", "began")
            await websocket.accept()
            await websocket.send_text("hello")

        async def on_disconnect(self, *_: Any) -> None:
            log("Talks", "ended")

    app = FastAPI(routes=[WebSocketRoute("/", Talks)])
    with record(app) as recorder, TestClient(app) as client:
        with client.websocket_connect("/") as socket:
            assert socket.receive_text() == "hello"
        made = recorder.wait(1).last
    seen = [e.what for e in made.events if e.lane == 0]
    assert seen == [what for _, what, _ in log.events] == ["began", "ended"]
    assert made.lanes[0].name == "Talks"


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="nothing is slowed down"
)
def test_what_was_slower_for_being_watched_has_no_time() -> None:
    """On Python 3.11; what has waited has one."""
    app = FastAPI()

    @app.get("/")
    async def busy() -> None:
        sum(abs(number) for number in range(100_000))

    with record(app) as recorder, TestClient(app) as client:
        client.get("/")
    made = recorder.last
    assert made.lanes[0].untimed == "all"
    assert "ended" in terminal(made)
    assert "a time is given only where" in " ".join(terminal(made).split())
