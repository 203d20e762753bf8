"""Stages inside another application: found, imported, kept apart."""

import importlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from course.stage import Stage
from fastapi_timeline import Recorder, Recording

PICTURES = 10  # kept for each stage: its /openapi.json is not shown


@dataclass
class Mounted:
    """A stage's application behind a prefix, with a lifespan of its own.

    A plain mount would not run the lifespan, and `url_for` in the stage
    would look for its routes in the outer application.
    """

    stage: Stage
    app: FastAPI
    state: dict[str, Any] = field(default_factory=dict)
    # When the Send button waited: nanoseconds of time.perf_counter_ns().
    waits: deque[tuple[int, int]] = field(
        default_factory=lambda: deque(maxlen=PICTURES)
    )

    def __post_init__(self) -> None:
        """Record the requests, for the picture of the last one."""
        self.recorder = Recorder(self.app, keep=PICTURES, at_once=PICTURES)
        self.recorder.on = False  # until the stage runs

    @classmethod
    def load(cls, stage: Stage) -> "Mounted":
        """Import a stage; its application is called `app`."""
        return cls(stage, importlib.import_module(stage.module).app)

    @property
    def prefix(self) -> str:
        """Where it is found: /stages/01."""
        return f"/stages/{self.stage.number:02}"

    @property
    def newest(self) -> Recording | None:
        """The newest request that had a task, else the newest at all.

        One that is under way is shown as far as it has come. Requests to the
        documentation are not shown.
        """
        about = {self.app.openapi_url, self.app.docs_url}
        first: Recording | None = None
        for recording in self.recordings():
            kinds = {lane.kind for lane in recording.lanes}
            asked = recording.path.removeprefix(self.prefix)
            if "endpoint" not in kinds or asked in about:
                continue
            first = first or recording
            if "task" in kinds:
                return recording
        return first

    def recordings(self) -> Iterator[Recording]:
        """Yield them, the newest first; with the wait of the Send button."""
        yield from reversed(self.recorder.unfinished)
        for number in range(len(self.recorder.recordings)):
            found = self.recorder.recording(-1 - number)
            for wait in self.waits:
                timed = self.recorder.recording(-1 - number, client=wait)
                if timed.client and timed.client[0] <= 0 <= timed.client[1]:
                    found = timed
            yield found

    @property
    def version(self) -> tuple[int, ...]:
        """What changes when there is something new to draw."""
        return self.recorder.seen, self.recorder.running

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the stage, and stop it at the end."""
        lifespan = self.app.router.lifespan_context(self.app)
        async with lifespan as state:
            self.state = dict(state or {})
            with self.recorder:
                yield

    def inner(self, scope: Scope) -> Scope:
        """Return the scope of a request as if the stage were alone."""
        inner = {**scope, "state": self.state.copy()}
        for outer in ("router", "route", "endpoint"):
            inner.pop(outer, None)
        return inner

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request, and record it."""
        await self.recorder(self.inner(scope), receive, send)

    async def unrecorded(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request that is to be in no picture: the page's own."""
        await self.app(self.inner(scope), receive, send)


@asynccontextmanager
async def all_running(mounted: list[Mounted]) -> AsyncIterator[None]:
    """Start every stage; if one fails, those started before it are stopped."""
    async with AsyncExitStack() as stack:
        for one in mounted:
            await stack.enter_async_context(one.running())
        yield
