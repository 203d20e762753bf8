"""Fakes for notifications: channels that remember, fail, wait and meet."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import httpx2

from checks.asgi import Client
from checks.expect import expect
from checks.fakes import HOLD

MEET = 2.0  # seconds after which nobody else is expected
TURNS = 8  # turns of the event loop that a message takes


class Meeting:
    """Lets channels wait for each other: so many have to be there."""

    def __init__(self, size: int) -> None:
        self.size, self.here = size, 0
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self.over = asyncio.Event()
        self.missed = False  # somebody has waited for the others in vain

    async def come(self) -> None:
        """Wait until all are there."""
        self.here += 1
        self.loops.add(asyncio.get_running_loop())
        if self.here == self.size:
            self.over.set()
        try:
            await asyncio.wait_for(self.over.wait(), MEET)
        except TimeoutError:
            self.missed = True
            self.over.set()  # the next need not wait


class FakeChannel:
    """Sends nothing, and remembers each message.

    `fails` says for which addresses it raises what, and it does so at once.
    Inside `with channel.held():` no call ends. Those at a `meeting` wait for
    each other.
    """

    def __init__(
        self,
        name: str,
        fails: Mapping[str, Exception] | None = None,
        *,
        meeting: Meeting | None = None,
    ) -> None:
        self.name, self.fails, self.meeting = name, fails or {}, meeting
        self.calls: list[tuple[str, str]] = []
        self.loops: list[asyncio.AbstractEventLoop] = []  # of each call
        self.begun, self.ended = threading.Event(), threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.left_alone = False  # nobody let a held call go

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the calls until the end of the block."""
        self.go.clear()
        try:
            yield
        finally:
            self.go.set()

    async def send(self, recipient: str, message: str) -> None:
        """Remember the call, then fail, wait, or take a few turns."""
        self.calls.append((recipient, message))
        self.loops.append(asyncio.get_running_loop())
        self.begun.set()
        if recipient in self.fails:
            raise self.fails[recipient]
        if self.meeting is not None:
            await self.meeting.come()
        if not self.go.is_set():
            gone = await asyncio.to_thread(self.go.wait, HOLD)
            self.left_alone = not gone
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.ended.set()


def request(
    recipient: Mapping[str, str], channels: list[str], message: str = "Hello!"
) -> dict[str, Any]:
    """Make the body of a request to notify."""
    return {
        "recipient": dict(recipient),
        "message": message,
        "channels": channels,
    }


def accepted(client: Client, body: Mapping[str, Any]) -> str:
    """Ask to notify; return the id."""
    return id_in(client.post("/notify/", json=body))


def accepted_together(client: Client, *bodies: Mapping[str, Any]) -> list[str]:
    """Ask all at once: no response leaves before all are ready."""
    sends = (partial(client.post, "/notify/", json=body) for body in bodies)
    return [id_in(response) for response in client.together(*sends)]


def id_in(response: httpx2.Response) -> str:
    """Return the id that came with a 202."""
    assert response.status_code == 202
    said = response.json()
    expect("id" in said, 'the response is {"id": …}', response.text)
    return str(said["id"])


def report(client: Client, number: str) -> dict[str, dict[str, Any]]:
    """Return the result of each channel so far."""
    response = client.get(f"/notify/{number}")
    expect(
        response.status_code == 200,
        "GET shows a notification as soon as the POST has given its id",
        f"GET is answered with {response.status_code}",
    )
    said = response.json()
    expect(
        str(said["id"]) == number,
        f"GET shows the notification that was asked for, {number}",
        f"it shows {said['id']}",
    )
    channels: dict[str, dict[str, Any]] = said["channels"]
    return channels


def settled(client: Client, number: str) -> dict[str, str]:
    """Return the status of each channel when nothing is pending any more.

    An answer that does not use the request's tasks may still send: each look
    gives the event loop time to go on.
    """
    client.finish()
    for _ in range(40):
        found = statuses(client, number)
        if "pending" not in found.values():
            break
    return found


def statuses(client: Client, number: str) -> dict[str, str]:
    """Return the status of each channel by now."""
    found = report(client, number)
    return {name: each["status"] for name, each in found.items()}
