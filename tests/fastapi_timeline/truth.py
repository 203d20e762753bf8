"""A log that applications write themselves, and knows no recorder.

A test of the recorder must know the order from elsewhere: from what the
functions say of themselves, and from the ASGI messages at the very outside.
"""

import asyncio
import contextlib
import http.client
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from threading import get_ident
from typing import Any

import fastapi
from fastapi import BackgroundTasks

from fastapi_timeline import Recording, record, serve
from fastapi_timeline.model import AROUND, VERDICTS
from tests.fastapi_timeline.outer import Outer

VERSION = tuple(map(int, fastapi.__version__.split(".")[:2]))
OF_LANES = {"began", "yielded", "resumed", "ended", "raised", "added"}
OF_REQUEST = {"started", "chunk", "sent", "failed", "gone", "done"}
OF_SOCKET = {"accepted", "received", "closed"}
COMPARED = OF_LANES | OF_REQUEST | OF_SOCKET

Send = Callable[[str], object]
Verdicts = dict[tuple[str, str], int]


def get(path: str = "/") -> Send:
    """Send a GET with the standard library, and read all of the answer."""

    def send(url: str) -> None:
        connection = http.client.HTTPConnection(url[7:], timeout=10)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()

    return send


class Log:
    """What happened, as the application itself says it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, int]] = []

    def __call__(self, name: str, what: str) -> None:
        """Write a line."""
        self.events.append((name, what, get_ident()))

    # --- functions that say what they do ------------------------------------

    def does(self, name: str, error: Exception | None = None) -> Any:
        """Make a function that logs itself, and may raise."""

        def real() -> None:
            with self.around(name):
                if error:
                    raise error

        return named(real, name)

    def adoes(self, name: str, error: Exception | None = None) -> Any:
        """Make a coroutine function that does."""

        async def real() -> None:
            with self.around(name):
                await asyncio.sleep(0)
                if error:
                    raise error

        return named(real, name)

    def gives(self, name: str) -> Any:
        """Make a generator function for a dependency with a yield."""

        def real() -> Iterator[str]:
            self(name, "began")
            with self.held(name):
                yield name

        return named(real, name)

    def agives(self, name: str) -> Any:
        """Make an async one."""

        async def real() -> AsyncIterator[str]:
            self(name, "began")
            await asyncio.sleep(0)
            self(name, "yielded")
            try:
                yield name
            except BaseException:
                self(name, "resumed")
                self(name, "raised")
                raise
            self(name, "resumed")
            await asyncio.sleep(0)  # the loop may turn to something else here
            self(name, "ended")

        return named(real, name)

    @contextlib.contextmanager
    def around(self, name: str) -> Iterator[None]:
        """Log what begins and ends here."""
        self(name, "began")
        try:
            yield
        except BaseException:
            self(name, "raised")
            raise
        self(name, "ended")

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Log a yield, and what follows it."""
        self(name, "yielded")
        try:
            yield
        except BaseException:
            self(name, "resumed")
            self(name, "raised")
            raise
        self(name, "resumed")
        self(name, "ended")

    def add(
        self, tasks: BackgroundTasks, task: Any, *given: Any, name: str = ""
    ) -> None:
        """Add a task and log that."""
        tasks.add_task(task, *given)
        self(name or task.__name__, "added")

    def aside(self, function: Callable[[], object]) -> None:
        """Call it as the application's own call: no event of the request."""
        count = len(self.events)
        function()
        del self.events[count:]

    # --- the comparison -----------------------------------------------------

    def agrees(
        self,
        app: Any,
        send: Send | None = None,
        verdicts: Verdicts | None = None,
        codeless: tuple[str, ...] = (),
        first: Send | None = None,
        *,
        overlapping: bool = False,
        around: bool = False,
    ) -> Recording:
        """Record one request and compare it with this log, and verdicts.

        Where worker threads and the event loop are at work at the same time,
        two clocks need not agree on which was a microsecond ahead: then the
        order is compared for the loop and each function by itself
        (`overlapping`). Middleware and exception handlers are compared where
        they log what they do (`around`).
        """
        compared = COMPARED | set(AROUND if around else ())
        outer = Outer(app, self)
        with record(app) as recorder, serve(outer) as url:
            if first:
                first(url)
                recorder.wait(1)
                assert outer.over.wait(5)
                outer.over.clear()
                self.events.clear()
            (send or get())(url)
            recorder.wait(2 if first else 1)
            assert outer.over.wait(5)
        assert recorder.lost == ""
        made = recorder.last
        seen = [
            (
                made.lanes[e.lane].name if e.lane is not None else "",
                e.what,
                e.where == "loop",
            )
            for e in made.events
            if e.what in compared
        ]
        unseen = [e for e in seen if e[0] in codeless and e[1] != "added"]
        assert len(unseen) == 2 * len(codeless)
        seen = [e for e in seen if e not in unseen]
        logged = [(n, w, t == outer.loop) for n, w, t in self.events]
        if overlapping:
            seen.sort(key=by_itself)  # a sort keeps what is equal in order
            logged.sort(key=by_itself)
        assert seen == logged
        if verdicts is not None:
            said = Counter(
                (made.lanes[e.lane].name, e.what)
                for e in made.events
                if e.what in VERDICTS and e.lane is not None
            )
            assert said == verdicts
        assert Recording.from_json(made.to_json()) == made
        return made


def by_itself(event: tuple[str, str, bool]) -> str:
    """Tell the loop's events, and each function's on a worker thread."""
    name, _, on_loop = event
    return "" if on_loop else name


def named(function: Any, name: str) -> Any:
    """Name a function from a factory, which shares its code with others."""
    function.__name__ = function.__qualname__ = name
    return function
