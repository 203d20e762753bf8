"""A step that can be held, and a client that listens to a job's events."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx2

from checks.asgi import Client
from checks.calls import PATIENCE
from checks.expect import UnmetError, expect, listed

KEYS = ("status", "done", "total", "percent", "error")
STAGES = ("queued", "running", "completed", "failed", "cancelled")
FINAL = ("completed", "failed", "cancelled")
GIVES_UP = 4 * PATIENCE  # seconds after which a held step raises

State = dict[str, Any]  # a job as GET shows it, without its id


class TrayError(Exception):
    """The exception of a step: one that no answer could know."""


class Steps:
    """Replaces the step, for all jobs; remembers each call.

    Steps whose numbers are in `held` wait, in every job, until they are let
    go; the number `fails` raises `failure`.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.held: set[int] = set()
        self.fails = -1  # no step
        self.failure = TrayError("no paper in tray 2")
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._changed = threading.Condition()

    async def step(self, number: int) -> None:
        """Note that it begins, wait if it has to, note that it ends."""
        go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._changed:
            self.begun.append(number)
            if number in self.held:
                self._waiting.append((number, go))
            else:
                go.set_result(None)
            self._changed.notify_all()
        await asyncio.wait_for(go, GIVES_UP)
        await asyncio.sleep(0)  # others have their turn
        if number == self.fails:
            raise self.failure
        self.ended.append(number)

    def wait_for(self, number: int) -> None:
        """Wait until a step of this number has begun."""
        with self._changed:
            if self._changed.wait_for(lambda: number in self.begun, PATIENCE):
                return
        raise UnmetError(
            f"step {number} begins",
            f"within {PATIENCE:g} s it did not. These steps have begun:"
            f" {listed(self.begun, 'none')}",
            "does the worker await step(1), step(2), … to the last one, and"
            " wait for nothing else?",
        )

    def let_go(self, *numbers: int) -> None:
        """Hold these no longer; without numbers, hold none."""
        with self._changed:
            self.held -= set(numbers) or self.held.copy()
            free = [go for held, go in self._waiting if held not in self.held]
            self._waiting = [w for w in self._waiting if w[1] not in free]
        for loop in {go.get_loop() for go in free}:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_let_go, *free)


def _let_go(*held: asyncio.Future[None]) -> None:
    here = asyncio.get_running_loop()
    for go in held:
        if go.get_loop() is here and not go.done():
            go.set_result(None)


def seen(shown: object) -> State:
    """Return the known fields of a job, and ignore all others."""
    keys = ("id", *KEYS)
    if not isinstance(shown, dict):
        raise UnmetError("a job is shown as a JSON object", f"{shown!r}")
    missing = [key for key in keys if key not in shown]
    expect(
        not missing,
        f"a job is shown with {listed(keys)}",
        f"it is shown without {listed(missing)}",
    )
    return {key: shown[key] for key in KEYS}


def start(client: Client, steps: int) -> str:
    """Order a job; return the path at which it is to be found."""
    response = client.post("/jobs/", json={"steps": steps})
    assert response.status_code == 202
    return path_of(response.json())


def path_of(shown: Any) -> str:
    """Return where a job is to be found."""
    expect(
        isinstance(shown, dict),
        "a job is shown as a JSON object",
        f"it is {shown!r}",
        "FastAPI turns what you return or yield into JSON: give it the state"
        " itself, not a text",
    )
    expect("id" in shown, "a job is shown with its id", f"{shown}")
    return f"/jobs/{shown['id']}"


def show(client: Client, path: str) -> State:
    """Return the job as GET shows it."""
    response = client.get(path)
    assert response.status_code == 200
    state = seen(response.json())
    shown = path_of(response.json())
    expect(shown == path, f"GET {path} shows this job", f"it shows {shown}")
    return state


def until(there: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Look again and again; say whether it is there in time."""
    end = time.monotonic() + seconds
    while not (found := there()) and time.monotonic() < end:
        time.sleep(0.002)
    return found


def until_final(client: Client, path: str, seconds: float = PATIENCE) -> State:
    """Return the job when it is over, or when the time is."""
    until(lambda: show(client, path)["status"] in FINAL, seconds)
    return show(client, path)


class Listener:
    """One client that listens to a job; each event is what is in its data."""

    def __init__(
        self, client: Client, path: str, response: httpx2.Response
    ) -> None:
        self.client, self.path, self.response = client, path, response
        self.heard: list[State] = []
        self._events = self._read()

    def next(self) -> State:
        """Wait for the next event."""
        state = next(self._events, None)
        if state is None:
            raise UnmetError(
                "the job still runs: an event comes",
                "the response ended",
            )
        return state

    def has_heard(self, done: int) -> bool:
        """Whether it knows that so many steps are done."""
        return any(state["done"] == done for state in self.heard)

    def rest(self) -> list[State]:
        """Wait for all events until the response ends."""
        return list(self._events)

    def _read(self) -> Iterator[State]:
        """Read as a browser does: an empty line completes an event."""
        data: list[str] = []
        for line in self.response.iter_lines():
            name, _, value = line.partition(":")
            if name == "data":
                data.append(value.removeprefix(" "))
            elif not line and data:
                shown = _parsed("\n".join(data))
                path = path_of(shown)
                expect(
                    path == self.path,
                    f"the events of {self.path} show this job",
                    f"one shows {path}",
                )
                self.heard.append(seen(shown))
                yield self.heard[-1]
                data.clear()
        expect(
            not data,
            "each event ends in an empty line: a browser drops it otherwise",
            "the last event has none",
        )


@contextmanager
def listening(client: Client, path: str) -> Iterator[Listener]:
    """Listen to a job's events; leave at the end of the `with`."""
    with client.stream("GET", f"{path}/events") as response:
        assert response.status_code == 200
        kind = response.headers.get("content-type", "").partition(";")[0]
        expect(
            kind == "text/event-stream",
            "the events come as text/event-stream",
            f"they come as {kind}",
        )
        yield Listener(client, path, response)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise UnmetError(
            "the data of an event is the JSON that GET shows", text
        ) from None


def expect_goes_on(states: list[State]) -> None:
    """Fail if one of these states goes back behind an earlier one."""
    for before, after in pairwise(states):
        a, b = before["status"], after["status"]
        expect(
            STAGES.index(a) <= STAGES.index(b),
            "from event to event, the status does not go back",
            f'"{b}" comes after "{a}"',
        )
        expect(
            before["done"] <= after["done"],
            "from event to event, done does not go back",
            f"{after['done']} comes after {before['done']}",
        )
