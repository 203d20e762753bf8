"""Stages inside another application: found, imported, kept apart."""

import importlib
from collections.abc import AsyncIterator
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

    def __post_init__(self) -> None:
        """Record the requests, for the picture of the last one."""
        self.recorder = Recorder(self.app, keep=PICTURES)
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
    def last(self) -> Recording | None:
        """The last request to an endpoint, but for the documentation's."""
        about = {self.app.openapi_url, self.app.docs_url}
        for recording in reversed(self.recorder.recordings):
            asked = recording.path.removeprefix(self.prefix)
            endpoint = any(lane.kind == "endpoint" for lane in recording.lanes)
            if endpoint and asked not in about:
                return recording
        return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the stage, and stop it at the end."""
        lifespan = self.app.router.lifespan_context(self.app)
        async with lifespan as state:
            self.state = dict(state or {})
            with self.recorder:
                yield

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request as if the stage were alone."""
        inner = {**scope, "state": self.state.copy()}
        for outer in ("router", "route", "endpoint"):
            inner.pop(outer, None)
        await self.recorder(inner, receive, send)


@asynccontextmanager
async def all_running(mounted: list[Mounted]) -> AsyncIterator[None]:
    """Start every stage; if one fails, those started before it are stopped."""
    async with AsyncExitStack() as stack:
        for one in mounted:
            await stack.enter_async_context(one.running())
        yield
