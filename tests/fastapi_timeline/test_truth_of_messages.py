"""The recorded order is the real one: streams, sockets, uploads, clients."""

import asyncio
import http.client
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    Response,
    UploadFile,
    WebSocket,
    WebSocketDisconnect,
)
from fastapi.responses import FileResponse, StreamingResponse
from websockets.sync.client import connect

from tests.fastapi_timeline.truth import VERSION, Log, get


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304])
def test_an_answer_without_a_body_is_sent_too(
    log: Log, method: str, status: int
) -> None:
    """Its task comes after it."""
    app, t = FastAPI(), log.does("t")

    @app.api_route("/", methods=["GET", "HEAD"])
    async def ep(tasks: BackgroundTasks) -> Response:
        with log.around("ep"):
            log.add(tasks, t)
            return Response(status_code=status)

    def send(url: str) -> None:
        connection = http.client.HTTPConnection(url[7:], timeout=10)
        connection.request(method, "/")
        connection.getresponse().read()
        connection.close()

    assert log.agrees(app, send, verdicts={}).status == str(status)


def test_a_client_of_http_1_0_is_answered(log: Log) -> None:
    """The server closes its connection, after the response."""
    app, t = FastAPI(), log.adoes("t")

    @app.get("/")
    async def ep(tasks: BackgroundTasks) -> int:
        with log.around("ep"):
            log.add(tasks, t)
            return 1

    def send(url: str) -> None:
        host, port = url[7:].split(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while connection.recv(1000):
                pass

    log.agrees(app, send, verdicts={})


@pytest.mark.parametrize("wanted", [{}, {"range": "bytes=0-5"}])
def test_a_file_may_bring_tasks(
    log: Log, wanted: dict[str, str], tmp_path: Path
) -> None:
    """They run after its last part."""
    app, t, u = FastAPI(), log.does("t"), log.adoes("u")
    file = tmp_path / "file.txt"
    file.write_text("hello" * 30_000)

    @app.get("/")
    async def ep() -> FileResponse:
        with log.around("ep"):
            tasks = BackgroundTasks()
            log.add(tasks, t)
            log.add(tasks, u)
            return FileResponse(file, background=tasks)

    def send(url: str) -> None:
        connection = http.client.HTTPConnection(url[7:], timeout=10)
        connection.request("GET", "/", headers=wanted)
        connection.getresponse().read()
        connection.close()

    log.agrees(app, send, verdicts={})


def test_a_stream_is_shown_send_by_send(log: Log) -> None:
    """The last message is "response sent", not the first."""
    app, d, t = FastAPI(), log.agives("d"), log.does("t")

    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * 10

    @app.get("/")
    def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> StreamingResponse:
        with log.around("ep"):
            log.add(tasks, t)
            return StreamingResponse(chunks())

    made = log.agrees(app, verdicts={})
    assert sum(e.what == "chunk" for e in made.events) == 5


@pytest.mark.skipif(VERSION < (0, 135), reason="fastapi.sse came with 0.135")
def test_an_endpoint_may_be_a_stream_of_events(log: Log) -> None:
    """A generator endpoint lives until its last event."""
    from fastapi.sse import EventSourceResponse  # noqa: PLC0415

    app, d, t = FastAPI(), log.agives("d"), log.does("t")

    @app.get("/", response_class=EventSourceResponse)
    async def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> AsyncIterator[dict[str, int]]:
        log("ep", "began")
        log.add(tasks, t)
        for number in range(3):
            log("ep", "yielded")
            yield {"number": number}
            log("ep", "resumed")
        log("ep", "ended")

    log.agrees(app, verdicts={})


def leaving(url: str, *, after: int) -> None:
    """Ask, read so many bytes, and go away."""
    host, port = url[7:].split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    if after:
        client.recv(after)
    client.close()


def test_a_client_that_leaves_during_a_stream_is_noticed(log: Log) -> None:
    """The stream ends there; what the framework then does is drawn."""
    app, d, t = FastAPI(), log.agives("d"), log.does("t")

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(100_000):
            yield b"x" * 1000
            await asyncio.sleep(0)

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> StreamingResponse:
        with log.around("ep"):
            log.add(tasks, t)
            return StreamingResponse(stream())

    log.agrees(app, lambda url: leaving(url, after=100))


def test_a_client_that_leaves_unheard_changes_nothing(log: Log) -> None:
    """While nobody asks the server, nobody can know: no guess is drawn."""
    app, d, t = FastAPI(), log.agives("d"), log.does("t")
    left, entered = asyncio.Event(), threading.Event()
    loops = list[asyncio.AbstractEventLoop]()

    @app.get("/")
    async def ep(
        tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]
    ) -> None:
        with log.around("ep"):
            loops.append(asyncio.get_running_loop())
            entered.set()
            await left.wait()
            log.add(tasks, t)

    def send(url: str) -> None:
        leaving(url, after=0)
        assert entered.wait(5)
        loops[0].call_soon_threadsafe(left.set)

    log.agrees(app, send, verdicts={})


def talk(url: str) -> None:
    """Say hi on a WebSocket, hear it back, and close."""
    with connect(url.replace("http", "ws") + "/ws") as client:
        client.send("hi")
        client.recv(timeout=5)


def test_a_websocket_is_recorded_up_to_the_servers_close(log: Log) -> None:
    """Its dependencies are held for as long as it is open."""
    app, d, s = FastAPI(), log.agives("d"), log.gives("s")

    @app.websocket("/ws")
    async def ep(
        ws: WebSocket,
        _d: Annotated[Any, Depends(d)],
        _s: Annotated[Any, Depends(s)],
    ) -> None:
        with log.around("ep"):
            await ws.accept()
            await ws.send_text(await ws.receive_text())
            await ws.close()

    order = log.agrees(app, talk, verdicts={}).order
    assert "socket closed 1000" in order


def test_a_websocket_is_recorded_up_to_the_clients_close(log: Log) -> None:
    """The endpoint learns of it by an exception."""
    app, d, s = FastAPI(), log.agives("d"), log.gives("s")

    @app.websocket("/ws")
    async def ep(
        ws: WebSocket,
        _d: Annotated[Any, Depends(d)],
        _s: Annotated[Any, Depends(s)],
    ) -> None:
        with log.around("ep"):
            await ws.accept()
            while True:
                await ws.send_text(await ws.receive_text())

    order = log.agrees(app, talk, verdicts={}).order
    assert f"ep raised {WebSocketDisconnect.__name__}" in order


def test_an_upload_is_recorded_like_any_request(log: Log) -> None:
    """Its body is read before the first dependency is called."""
    app, d, t = FastAPI(), log.gives("d"), log.does("t")

    @app.post("/")
    def ep(
        tasks: BackgroundTasks,
        file: UploadFile,
        _: Annotated[Any, Depends(d)],
    ) -> None:
        with log.around("ep"):
            assert file.size == 1000
            log.add(tasks, t)

    def send(url: str) -> None:
        line = 'Content-Disposition: form-data; name="file"; filename="f"'
        parts = f"--b\r\n{line}\r\n\r\n{'x' * 1000}\r\n--b--\r\n"
        kind = {"content-type": "multipart/form-data; boundary=b"}
        connection = http.client.HTTPConnection(url[7:], timeout=10)
        connection.request("POST", "/", parts, kind)
        assert connection.getresponse().status == 200
        connection.close()

    log.agrees(app, send, verdicts={})


def test_a_second_request_is_recorded_like_the_first(log: Log) -> None:
    """What was learnt of the route does not stand in its way."""
    app, d, t = FastAPI(), log.gives("d"), log.does("t")

    @app.get("/")
    def ep(tasks: BackgroundTasks, _: Annotated[Any, Depends(d)]) -> None:
        with log.around("ep"):
            log.add(tasks, t)

    log.agrees(app, verdicts={}, first=get())
