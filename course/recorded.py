"""Run a stage as `stage` does, and record its requests: for the page.

python -m course.recorded 7 8001      on this port
"""

import importlib
import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from course import ports
from course.stage import choose, find_stages, run
from fastapi_timeline import Recorder, Recording
from fastapi_timeline.across.following import JOINED

PICTURES = 10  # kept for each stage
OURS = "from=page"  # in the page's own requests: in no picture and no log
PATH = "/recording"  # where the page asks for the newest one
Wait = tuple[int, int]  # nanoseconds of time.perf_counter_ns()


class Recorded:
    """An application with a recorder around it, which the page asks."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.recorder = Recorder(app, PICTURES, at_once=PICTURES)

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request, and record it unless it is the page's own."""
        query = scope.get("query_string", b"").decode()
        if OURS not in query:
            await self.recorder(scope, receive, send)
        elif scope["path"] == PATH:
            found = newest(self.recorder, waits_of(query))
            text = found.to_json() if found else None
            await Response(text)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def waits_of(query: str) -> list[Wait]:
    """Read when clients waited: each wait=BEGAN-ENDED is one wait."""
    texts = parse_qs(query).get("wait", [])
    return [(int(a), int(b)) for a, b in (x.split("-") for x in texts)]


def newest(recorder: Recorder, waits: Iterable[Wait]) -> Recording | None:
    """Return the newest request that had a task or was refused, else any.

    One that is under way is shown as far as it has come. Requests to the
    documentation are not shown.
    """
    app: Any = recorder.app
    first: Recording | None = None
    for recording in timed(recorder, [*waits]):
        kinds = {lane.kind for lane in recording.lanes}
        documentation = (app.openapi_url, app.docs_url)
        if "endpoint" not in kinds or recording.path.endswith(documentation):
            continue
        first = first or recording
        published = any(event.what == JOINED for event in recording.events)
        if "task" in kinds or published or recording.status.startswith("4"):
            return recording
    return first


def timed(recorder: Recorder, waits: list[Wait]) -> Iterator[Recording]:
    """Yield the recordings, the newest first, with their client's wait."""
    yield from reversed(recorder.unfinished)
    for number in range(len(recorder.recordings)):
        found = recorder.recording(-1 - number)
        for wait in waits:
            awaited = recorder.recording(-1 - number, client=wait)
            if awaited.client and awaited.client[0] <= 0 <= awaited.client[1]:
                found = awaited
        yield found


def main() -> None:
    """Run the stage on a port, with all that it needs."""
    number, port = sys.argv[1:]
    stage = choose([number], find_stages())

    def serve() -> None:
        access = logging.getLogger("uvicorn.access")
        access.addFilter(lambda line: OURS not in line.getMessage())
        app = Recorded(importlib.import_module(stage.module).app)
        with app.recorder:
            uvicorn.run(app, host=ports.HOST, port=int(port))

    run(stage, serve)


if __name__ == "__main__":
    main()
