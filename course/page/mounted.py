"""Stages inside another application: started when asked for, kept apart."""

import asyncio
import importlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from course.apart import NotStartedError
from course.recorded import PICTURES, Wait, newest
from course.stage import Stage
from fastapi_timeline import Recorder, Recording


@dataclass
class Mounted:
    """A stage's application behind a prefix, with a lifespan of its own.

    A plain mount would not run the lifespan, and `url_for` in the stage
    would look for its routes in the outer application.
    """

    stage: Stage
    module: ModuleType = field(init=False)  # once it has been started
    app: FastAPI = field(init=False)
    state: dict[str, Any] = field(default_factory=dict)
    running: AsyncExitStack = field(default_factory=AsyncExitStack)
    # When the Send button waited.
    waits: deque[Wait] = field(default_factory=lambda: deque(maxlen=PICTURES))

    def __post_init__(self) -> None:
        """Make a recorder, which is on while the page runs."""
        self.recorder = Recorder(None, keep=PICTURES, at_once=PICTURES)
        self.recorder.on = False
        self.starting = asyncio.Lock()

    @property
    def prefix(self) -> str:
        """Where it is found: /stages/01."""
        return f"/stages/{self.stage.number:02}"

    async def start(self) -> None:
        """Import the stage and run its lifespan, when it is first asked for.

        NotStartedError says why that was not possible; the next request
        tries again.
        """
        async with self.starting:
            if self.recorder.app:
                return
            try:
                module = await asyncio.to_thread(
                    importlib.import_module, self.stage.module
                )
                lifespan = module.app.router.lifespan_context(module.app)
                state = await self.running.enter_async_context(lifespan)
            except Exception as error:
                text = f"Stage {self.stage.number} did not start: {error}"
                raise NotStartedError(text) from error
            self.module, self.app = module, module.app
            self.state = dict(state or {})
            self.recorder.app = module.app

    @property
    def newest(self) -> Recording | None:
        """The request to show, as if the stage were alone."""
        if not (found := newest(self.recorder, self.waits)):
            return None
        return replace(found, path=found.path.removeprefix(self.prefix))

    @property
    def version(self) -> tuple[int, ...]:
        """What changes when there is something new to draw."""
        return self.recorder.seen, self.recorder.running

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
        try:
            await self.start()
        except NotStartedError as error:
            refusal = PlainTextResponse(str(error), status_code=503)
            await refusal(scope, receive, send)
            return
        await self.recorder(self.inner(scope), receive, send)

    async def unrecorded(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request that is to be in no picture: the page's own."""
        await self.app(self.inner(scope), receive, send)


@asynccontextmanager
async def recorded(mounted: Sequence[Mounted]) -> AsyncIterator[None]:
    """Record the stages; at the end, stop those that were started."""
    async with AsyncExitStack() as stack:
        for one in mounted:
            stack.enter_context(one.recorder)
            await stack.enter_async_context(one.running)
        yield
