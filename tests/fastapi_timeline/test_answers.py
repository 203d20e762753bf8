"""Each way in which a server can be given an answer is an answer."""

import asyncio
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fastapi_timeline import Recorder, Recording, record, serve
from tests.fastapi_timeline.truth import VERSION

START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = "http.response.body"
FILE = {"file": 7, "offset": 0, "count": 3}
HINT = {"type": "http.response.early_hint", "links": [b"</a>"]}


def answered(*messages: dict[str, Any]) -> Recording:
    """Record an application that gives these messages to its server."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    given = list[Any]()

    async def hear() -> Any:
        return {"type": "http.disconnect"}

    async def take(message: Any) -> None:
        given.append(message)

    with Recorder(app) as timeline:
        scope = {"type": "http", "path": "/"}
        asyncio.run(timeline(scope, hear, take))
    assert given == [*messages]
    assert not timeline.last.lost
    return timeline.last


@pytest.mark.parametrize(
    ("messages", "chunks"),
    [
        ([START, {"type": "http.response.pathsend", "path": "/f"}], 0),
        ([START, {"type": "http.response.zerocopysend", **FILE}], 0),
        (
            [
                START,
                {"type": "http.response.zerocopysend", "more_body": True},
                {"type": BODY, "body": b""},
            ],
            1,
        ),
        ([HINT, START, {"type": BODY, "body": None}], 0),
        (
            [
                START | {"trailers": True},
                {"type": BODY, "body": b"abc"},
                {"type": "http.response.trailers", "more_trailers": True},
                {"type": "http.response.trailers", "headers": []},
            ],
            2,
        ),
        (
            [
                {"type": "http.response.debug", "info": {}},
                START,
                {"type": BODY},
            ],
            0,
        ),
    ],
)
def test_an_answer_is_sent_when_its_last_part_is(
    messages: list[dict[str, Any]], chunks: int
) -> None:
    """A file that the server reads itself, trailers, hints: no error."""
    made = answered(*messages)
    assert (made.order, made.status) == (("response sent",), "200")
    assert sum(event.what == "chunk" for event in made.events) == chunks


def test_a_message_of_another_kind_is_handed_on() -> None:
    """An extension that nobody here has heard of."""
    assert answered({"type": "x.new"}, {"type": "http.new"}).order == ()


def refused_with(error: Exception | None) -> tuple[int, Recording]:
    """Connect to a socket that is refused: what the client got, and we."""
    app = FastAPI()

    async def user() -> None:
        if error:
            raise error

    @app.websocket("/ws", dependencies=[Depends(user)])
    async def ws(socket: WebSocket) -> None:
        await socket.close()

    with record(app) as timeline, serve(app) as url:
        with pytest.raises(InvalidStatus) as refusal:
            connect(url.replace("http", "ws") + "/ws?room=1")
        return refusal.value.response.status_code, timeline.wait(1).last


@pytest.mark.skipif(VERSION < (0, 116), reason="older ones refuse with 500")
def test_a_socket_refused_with_an_answer_shows_its_status() -> None:
    """An HTTPException before it is accepted is an HTTP answer."""
    status, made = refused_with(HTTPException(401))
    assert (status, made.status, made.title) == (401, "401", "WS /ws?room=1")
    assert made.order[-1] == "response sent"


def test_a_socket_closed_before_it_is_accepted_is_refused() -> None:
    """The client never gets the code: an HTTP answer is all it sees."""
    status, made = refused_with(None)
    assert (status, made.status) == (403, "403")
    closed = "socket closed before it was accepted: HTTP 403"
    assert closed in made.order
