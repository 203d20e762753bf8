"""A real server on this machine, in a thread: only it shows what waits."""

import contextlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import uvicorn
from fastapi import BackgroundTasks, Body, Depends, FastAPI

from .client import build, send


class StartError(RuntimeError):
    """The application did not start; the text says why."""


class Ear(logging.Handler):
    """Remembers what uvicorn says, for when the start fails."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.heard.append(record.getMessage())


@contextlib.contextmanager
def serve(app: Any, seconds: float = 10.0) -> Iterator[str]:
    """Serve an ASGI application, lifespan included; give its address.

    It answers on a free port of 127.0.0.1. At the end it waits for what
    still runs, for half of `seconds`, and then cancels that: the shutdown
    code of the lifespan has the other half. What had to be cut is said.
    StartError says why the application did not start.
    """
    server, listening = _server(app, seconds)
    thread = threading.Thread(
        target=_run, args=(server, listening), daemon=True
    )
    with _hearing() as heard, contextlib.closing(listening):
        thread.start()
        try:
            while thread.is_alive() and not server.started:
                time.sleep(0.005)
            if not server.started:
                message = f"The application did not start: {_reason(heard)}."
                raise StartError(message)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            _stop(server, thread, seconds)


def host(
    app: Any,
    visit: Callable[[str], object],
    patience: float,
    seconds: float = 5.0,
) -> None:
    """Serve here while `visit`, given the address, runs in a thread.

    In the main thread an application may set signal handlers, and what it
    starts is no daemon: as on a server. An application that does not start
    within `patience`, or does not stop within `seconds`, ends the process.
    """
    server, listening = _server(app, seconds)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    failures: list[BaseException] = []
    over = threading.Event()

    def visiting() -> None:
        try:
            end = time.monotonic() + patience
            while not server.started and not over.wait(0.005):
                if time.monotonic() > end:
                    _cut(UNREADY.format(patience), 1)
            if server.started:
                visit(url)
        except BaseException as exc:  # noqa: BLE001 (raised again, below)
            failures.append(exc)
        server.should_exit = True
        if not over.wait(seconds + 1):
            texts = [UNSTOPPED.format(seconds), *map(str, failures)]
            _cut("\ntimeline: ".join(texts), len(failures))

    thread = threading.Thread(target=visiting, daemon=True)
    try:
        with _hearing() as heard, contextlib.closing(listening):
            thread.start()
            _run(server, listening)
            if not server.started:
                message = f"The application did not start: {_reason(heard)}."
                raise StartError(message)
    finally:
        over.set()
    thread.join(1)
    if thread.is_alive():
        raise StartError("The application stopped the server.")
    if failures:
        raise failures[0]


def _cut(message: str, code: int) -> None:
    """End the process at once, as nothing else ends what runs in it."""
    sys.stdout.flush()
    print(f"timeline: {message}", file=sys.stderr, flush=True)
    os._exit(code)


UNREADY = (
    "The application has not started after {:g} s: the code before its"
    " lifespan's yield still runs."
)
UNSTOPPED = (
    "the application had not stopped after {:g} s: the rest of its shutdown"
    " code does not run."
)


class Ending(uvicorn.Server):
    """One that closes each connection at its end, also to a silent client."""

    async def shutdown(
        self, sockets: list[socket.socket] | None = None
    ) -> None:
        """End as always; what is open then, Python would warn of later."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _server(app: Any, seconds: float) -> tuple[uvicorn.Server, socket.socket]:
    # Bound by hand with the protocol named: without it asyncio leaves
    # Nagle's algorithm on, and each request takes 44 ms.
    listening = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=max(1, int(seconds / 2)),
    )
    return Ending(config), listening


def _stop(
    server: uvicorn.Server, thread: threading.Thread, seconds: float
) -> None:
    """End it as a server ends, and say what that left undone."""
    server.should_exit = True
    thread.join(seconds if server.started else 0)
    if thread.is_alive() and server.started:
        server.force_exit = True
        thread.join(1)
        if thread.is_alive():
            text = UNSTOPPED.format(seconds)
            print(f"timeline: {text}", file=sys.stderr)


def _reason(heard: list[str]) -> str:
    """Find the last line of a traceback, and the place that it names."""
    lines = "\n".join(heard).splitlines()
    places = [n for n, line in enumerate(lines) if line.startswith("  File ")]
    if not places:
        return " ".join(lines).rstrip(".") or "it said nothing"
    said = [line for line in lines[places[-1] :] if line[:1].strip()]
    where = lines[places[-1]].strip().rpartition(", in ")[0]
    return f"{said[0] if said else 'an error'} ({where})"


def rehearse() -> None:
    """Serve one request to an application of ours, and throw it away.

    The first request of a process loads what later ones find loaded, some
    50 ms of it: that would be most of the picture.
    """
    app = FastAPI()

    def nothing() -> None:
        pass

    @app.post("/")
    def answer(
        body: Annotated[dict[str, int], Body()],
        tasks: BackgroundTasks,
        _: Annotated[None, Depends(nothing)],
    ) -> dict[str, int]:
        tasks.add_task(nothing)
        return body

    with serve(app) as url:
        send(url, build("POST", "/", data='{"a": 1}'), 10)


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    with contextlib.suppress(SystemExit):  # how uvicorn ends a failed start
        server.run(sockets=[listening])


@contextlib.contextmanager
def _hearing() -> Iterator[list[str]]:
    """Keep uvicorn's errors off the terminal: the picture shows them."""
    log, ear = logging.getLogger("uvicorn.error"), Ear()
    passed, log.propagate = log.propagate, False
    log.addHandler(ear)
    try:
        yield ear.heard
    finally:
        log.removeHandler(ear)
        log.propagate = passed
