"""Fakes that remember: a check uses them instead of the real functions.

A fake is plain code of a few lines. It notes a call before it does anything
else, so that no wrong argument can hide that it was called.
"""

import asyncio
import threading
from datetime import UTC, datetime, timedelta, tzinfo

from checks.asgi import Client

HOLD = 3.0  # seconds after which a held call gives up


class Work:
    """Replaces a task's work on an e-mail address.

    `plain` is its `def` form, `awaited` its `async def` form. Each call
    leaves the address in `emails`, and in `after` how many responses were
    complete when it began; `on_the_loop` says if `plain` held up the event
    loop. `raises` is raised at the end. With `held=True` a
    call that comes after the response waits for `go.set()`.
    """

    def __init__(
        self,
        client: Client,
        raises: Exception | None = None,
        *,
        held: bool = False,
    ) -> None:
        self.client, self.raises = client, raises
        self.emails: list[str] = []
        self.after: list[int] = []
        self.running: list[int] = []  # requests, at the end of each call
        self.on_the_loop = False
        self.begun, self.go = threading.Event(), threading.Event()
        if not held:
            self.go.set()

    def plain(self, email: str) -> None:
        """Work as a function that runs in a thread."""
        self.on_the_loop |= self.client.on_the_loop
        self._begin(email)
        if self.client.responses:
            assert self.go.wait(HOLD), "nobody let this call go"
        self._end()

    async def awaited(self, email: str) -> None:
        """Work as a coroutine function on the event loop."""
        self._begin(email)
        if self.client.responses:
            gone = await asyncio.to_thread(self.go.wait, HOLD)
            assert gone, "nobody let this call go"
        self._end()

    def _begin(self, email: str) -> None:
        self.client.called()
        self.after.append(self.client.responses)
        self.emails.append(email)
        self.begun.set()

    def _end(self) -> None:
        self.running.append(self.client.running)
        if self.raises is not None:
            raise self.raises


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.now = datetime(2026, 3, 29, 9, 30, tzinfo=zone)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def forward(self, **by: float) -> datetime:
        """Move it, by `minutes=5` or so, and tell the new time."""
        self.now += timedelta(**by)
        return self.now
