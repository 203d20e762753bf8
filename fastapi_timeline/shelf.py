"""The recordings that are kept, and waiting for those that run."""

import functools
import platform
import time
from collections import deque
from dataclasses import replace
from importlib.metadata import version
from threading import Condition, RLock
from typing import Self

from .model import Recording
from .notes import Notes


@functools.lru_cache
def versions() -> dict[str, str]:
    """Tell what a recording was made on, {"python": "3.13.0", …}."""
    found = {name: version(name) for name in ("fastapi", "starlette")}
    return {"python": platform.python_version(), **found}


class Shelf:
    """Keeps the last requests' notes; makes recordings when asked."""

    def __init__(self, keep: int) -> None:
        self.running = self.seen = 0  # requests: under way, and over
        self._kept: deque[Notes] = deque(maxlen=keep)
        self._open: list[Notes] = []
        self._lock = RLock()
        self._closed = Condition(self._lock)
        self._waiting = 0

    def open(self, live: Notes) -> None:
        """Count a request that begins."""
        with self._lock:
            self.running += 1
            self._open.append(live)

    def put(self, live: Notes) -> None:
        """Keep one that is over, and tell all who wait."""
        with self._lock:
            self._kept.append(live)
            self._open.remove(live)
            self.running -= 1
            self.seen += 1
            if self._waiting:
                self._closed.notify_all()

    def wait(self, requests: int = 0, seconds: float = 10.0) -> Self:
        """Wait until all requests are over, their tasks included.

        `requests` is how many must have been seen by then. A TimeoutError
        says what is still running. Not for the event loop that serves.
        """
        end = time.monotonic() + seconds

        def over() -> bool:
            return not self.running and self.seen >= requests

        with self._closed:
            self._waiting += 1
            done = self._closed.wait_for(over, end - time.monotonic())
            self._waiting -= 1
            if not done:
                message = (
                    f"After {seconds:g} s {self.seen} requests are recorded"
                    f" and {self.running} still running: wait for longer."
                )
                raise TimeoutError(message)
        return self

    @property
    def unfinished(self) -> list[Recording]:
        """The requests under way, oldest first, as far as they have come."""
        return [self._made(live) for live in self._open.copy()]

    @property
    def last(self) -> Recording:
        """The newest recording; a LookupError if there is none yet."""
        return self.recording()

    @property
    def order(self) -> tuple[str, ...]:
        """The last recording's order in words."""
        return self.last.order

    @property
    def recordings(self) -> list[Recording]:
        """The last ones, oldest first; made now, not while serving."""
        return [self._made(kept) for kept in self._kept.copy()]

    def recording(
        self, index: int = -1, client: tuple[int, int] | None = None
    ) -> Recording:
        """Give one of the kept ones, as an index into them.

        `client` is when its sender began and ended to wait, by
        `time.perf_counter_ns()` in this process.
        """
        try:
            kept = self._kept[index]
        except IndexError:
            message = (
                "No request has been recorded yet: send one, and wait() until"
                " its tasks are over."
            )
            raise LookupError(message) from None
        made = self._made(kept)
        if client:
            zero = kept.zero
            made = replace(made, client=(client[0] - zero, client[1] - zero))
        return made

    def _made(self, live: Notes) -> Recording:
        return live.recording(versions=versions(), lost=live.lost)
