"""Run a question's application on a real server, and record its two ways."""

import asyncio
import importlib
import inspect
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import httpx2
from rich.console import Console
from starlette.routing import Mount, WebSocketRoute

from fastapi_timeline import Recorder, Recording, record, serve
from fastapi_timeline import show as draw
from fastapi_timeline.serving import rehearse

SHORT = 200  # letters of an answer that is shown
PATIENCE = 20.0  # seconds for a response, and again for its tasks


class Happened:
    """One request: its answer, and what happened when."""

    def __init__(
        self, response: httpx2.Response, recording: Recording
    ) -> None:
        self.response, self.recording = response, recording
        self.status: int = response.status_code
        self.order = list(recording.order)

    @property
    def json(self) -> Any:
        """The answer's JSON."""
        return self.response.json()

    def before(self, first: str, then: str) -> bool:
        """Whether one moment came before another; both have to be there."""
        return self.order.index(first) < self.order.index(then)

    def where(self, name: str) -> str:
        """Where a function ran: "loop", or "thread 1" and so on."""
        lives = self.recording.lives
        return next(x.where[0] for x in lives if x.lane.name == name)


class Served:
    """A question's application on a real server, with a client of it."""

    def __init__(
        self, address: str, client: httpx2.Client, recorder: Recorder
    ) -> None:
        self.address, self.client = address, client
        self.recorder = recorder

    def send(self, way: "Way", **more: Any) -> Happened:
        """POST to a way; return when its tasks have ended too.

        What is more, `json` or `files`, the client knows: it is httpx2's.
        """
        seen, began = self.recorder.seen, time.perf_counter_ns()
        response = self.client.post(way.path, **{**way.request, **more})
        waited = (began, time.perf_counter_ns())
        self.recorder.wait(seen + 1, PATIENCE)
        return Happened(response, self.recorder.recording(client=waited))


class Way:
    """One of a question's two ways, `wrong` or `right`."""

    def __init__(self, module: ModuleType, name: str) -> None:
        self.module, self.name = module, name

    @property
    def function(self) -> Callable[..., Any]:
        """The function of that name, where the way is no endpoint."""
        found: Callable[..., Any] = getattr(self.module, self.name)
        return found

    @property
    def route(self) -> Any:
        """Its route in `app`; None if it is a function and no endpoint."""
        for route in self.module.app.routes:
            if getattr(route, "path", "") == f"/{self.name}":
                return route
        return None

    @property
    def path(self) -> str:
        """Its path in `app`; that of a mounted application ends in a slash."""
        return f"/{self.name}" + "/" * isinstance(self.route, Mount)

    @property
    def request(self) -> dict[str, Any]:
        """What a request needs beside its path: the module's REQUEST."""
        return dict(getattr(self.module, "REQUEST", {}))

    def send(self, **more: Any) -> Happened:
        """Serve the application for one POST, and say what happened."""
        with running(self.module) as server:
            return server.send(self, **more)


def load(name: str) -> ModuleType:
    """Import a question's module anew, as a new process would have it."""
    sys.modules.pop(name, None)
    return importlib.import_module(name)


@contextmanager
def running(module: ModuleType) -> Iterator[Served]:
    """Serve a question's application for as long as the block lasts."""
    with (
        record(module.app) as recorder,
        serve(module.app) as address,
        httpx2.Client(base_url=address, timeout=PATIENCE) as client,
    ):
        yield Served(address, client, recorder)


def warm_up() -> None:
    """Load what the first request of a process would have to load."""
    rehearse()


def show(way: Way, console: Console) -> None:
    """Run a way once, and print the picture of it or what it gave."""
    if way.route is None:
        console.print(called(way.function))
    elif is_websocket(way.route):
        from fastapi.testclient import TestClient  # noqa: PLC0415 (rarely)

        with record(way.module.app) as recorder:
            client = TestClient(way.module.app)
            with client.websocket_connect(way.path) as socket:
                while socket.receive()["type"] != "websocket.close":
                    pass
            draw(recorder.wait(1).last, console)
    else:
        happened = way.send()
        draw(happened.recording, console)
        if len(text := happened.response.text) < SHORT:
            console.print(f"answer: {text}", markup=False)


def is_websocket(route: object) -> bool:
    """Tell a WebSocket's route."""
    return isinstance(route, WebSocketRoute)


def called(function: Callable[..., Any]) -> str:
    """Call a function; say what it returned or raised."""
    try:
        given = function()
        if inspect.iscoroutine(given):
            given = asyncio.run(given)
    except Exception as error:  # noqa: BLE001 (this is what is shown)
        return f"raised {type(error).__name__}: {error}"
    return f"returned {given!r}"
