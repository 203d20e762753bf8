"""One stage at work: send it a request, see what happens."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any

import httpx2

from course.apart import Apart
from course.mailbox import Mail, Mailbox
from course.page.code import Functions, Lines
from course.page.left_behind import Files, LeftBehind, Text
from course.page.mounted import Mounted
from course.page.operations import Operation, operations
from course.recorded import OURS
from course.stage import Stage
from fastapi_timeline import Recording

NOT_FOUND, INVALID, REFUSED = 404, 422, range(400, 500)
PATIENCE = 30  # seconds that a request may take
ROWS, MAILS = 5, 3  # that are shown
GROWS = 0.1  # seconds between two drawings of a picture that grows
TASK, LOGS = "/run-task/{task_name}", "/task-logs/"
FIRST = "worker-is-ready"  # a task's name


@dataclass(frozen=True)
class Answer:
    """What a click came to: a response, or a sentence about many."""

    title: str
    status: str = ""  # 200 OK
    milliseconds: float = 0
    body: str = ""
    comment: str = ""
    code: str = ""  # what the page did, as a test would

    @property
    def good(self) -> bool:
        """Whether it was a success."""
        return self.status.startswith("2")


@dataclass
class Workshop:
    """A stage, where it runs, and the last answer that it gave."""

    stage: Stage
    mounted: Mounted | None
    apart: Apart
    folder: Path  # in which the stages write
    mailbox: Mailbox | None
    stopping: Event  # the page ends
    server: str = ""  # the page's own address, as the request named it
    answer: Answer | None = None
    # What the forms offer, once the stage has been started.
    operations: list[Operation] = field(default_factory=list)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    # From its first visit on: what is older, another stage left behind.
    since: datetime | None = None
    files: Files = field(init=False)

    @cached_property
    def functions(self) -> Functions:
        """Where its functions stand in its source."""
        return Functions.of(self.stage.files)

    # --- what it can be asked for --------------------------------------------

    @property
    def base(self) -> str:
        """The address that requests go to."""
        if self.mounted:
            return f"{self.server}{self.mounted.prefix}"
        return self.apart.base

    @property
    def paths(self) -> set[str]:
        """The paths that it answers."""
        return {operation.path for operation in self.operations}

    # --- sending ---------------------------------------------------------------

    def request(
        self, method: str, path: str, body: str = ""
    ) -> tuple[httpx2.Response, float]:
        """Send one request; return its response, and how long it took.

        From a thread: the event loop has the stage to serve.
        """
        headers = {"content-type": "application/json"} if body else {}
        with new_client() as client:
            began = time.perf_counter_ns()
            response = client.request(
                method,
                f"{self.base}{path}",
                content=body.encode() if body else None,
                headers=headers,
            )
            ended = time.perf_counter_ns()
        (self.mounted or self.apart).waits.append((began, ended))
        return response, (ended - began) / 1e6

    async def send(self, method: str, path: str, body: str = "") -> Answer:
        """Send a request as a client of the stage, and keep the answer."""
        title = f"{method} {path}"
        try:
            response, took = await asyncio.to_thread(
                self.request, method, path, body
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            text = f"{type(error).__name__}: {error}"
            self.answer = Answer(title, "no response", comment=text)
            return self.answer
        code = response.status_code
        self.answer = Answer(
            title,
            f"{code} {response.reason_phrase}",
            took,
            shown(response),
            comment_on(code),
        )
        return self.answer

    async def until_idle(self) -> None:
        """Wait until no request and no task of the stage is at work."""
        end = time.monotonic() + PATIENCE
        while self.mounted and self.mounted.recorder.running:
            if time.monotonic() > end:
                return
            await asyncio.sleep(0.01)

    # --- a process of its own -----------------------------------------------------

    async def ready(self) -> None:
        """Start the stage here, if it needs no worker; learn what it offers.

        NotStartedError says why that was not possible.
        """
        if not self.since:
            self.since, self.files = datetime.now(UTC), Files(self.folder)
        if self.mounted and not self.operations:
            await self.mounted.start()
            self.operations = operations(self.mounted.app.openapi())

    async def start(self) -> None:
        """Start the stage in processes of its own."""
        async with self.busy:
            if self.apart.running:
                return
            await asyncio.to_thread(self.apart.start)
            if not self.mounted:
                openapi = await asyncio.to_thread(self.apart.openapi)
                self.operations = operations(openapi)
                await self.worker_ready()

    async def worker_ready(self) -> None:
        """Wait for the worker: it ends a first task.

        Else the first picture would show for how long a worker starts.
        """
        if not {TASK, LOGS} <= self.paths:
            return
        path = f"{TASK.format(task_name=FIRST)}?{OURS}"
        await asyncio.to_thread(self.request, "POST", path)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            rows = [r for r in await self.rows() if r["task_name"] == FIRST]
            if rows and rows[-1]["status"] == "completed":
                return
            await asyncio.sleep(0.3)

    async def stop(self) -> None:
        """Stop these processes."""
        async with self.busy:
            await asyncio.to_thread(self.apart.stop)

    # --- what is shown --------------------------------------------------------------

    async def recording(self) -> Recording | None:
        """Return the request that is drawn."""
        if not self.operations:
            return None
        if self.mounted:
            return self.mounted.newest
        return await asyncio.to_thread(self.apart.recording)

    def steps(self, recording: Recording) -> list[dict[str, Any]]:
        """Return what happened in order, each with its lines of code."""
        places = {lane.name: lane.place for lane in recording.lanes}
        found = []
        for phrase in recording.order:
            name = next((n for n in places if phrase.startswith(f"{n} ")), "")
            lines: Lines | None = None
            if name:
                lines = self.functions.lines(places[name])
            found.append({"text": phrase, "lines": lines})
        return found

    async def left_behind(self) -> LeftBehind:
        """Return what the last tasks left."""
        mails = [
            mail
            for mail in [*(self.mailbox.mails if self.mailbox else ())][::-1]
            if self.since and mail.arrived > self.since
        ]
        rows = await self.rows()
        newest = rows[: -ROWS - 1 : -1]
        texts = [text for text in self.files.texts() if self.writes(text)]
        return LeftBehind(texts, mails[:MAILS], newest)

    def writes(self, text: Text) -> bool:
        """Whether a file is one of the stage's; of a worker's log, no line.

        That one is shown as what its processes print.
        """
        if self.mounted:
            return text.name in self.stage.source
        return not text.name.endswith(".log")

    async def rows(self) -> list[dict[str, Any]]:
        """Return the stage's rows, by its own endpoint."""
        if LOGS not in self.paths:
            return []
        try:
            if self.mounted:
                transport = httpx2.ASGITransport(self.mounted.unrecorded)
                async with httpx2.AsyncClient(transport=transport) as client:
                    response = await client.get(f"{self.server}{LOGS}")
                return rows_of(response)
            if self.apart.running:
                with new_client() as client:
                    return await asyncio.to_thread(logs, client, self.base)
        except httpx2.HTTPError:
            pass  # it is being started or killed
        return []

    async def changes(self) -> AsyncIterator[None]:
        """Yield when there may be something new to show."""
        before: object = None
        while not self.stopping.is_set():
            now = (
                (self.mounted or self.apart).version,
                self.answer,
                self.apart.running,
                self.last_mail,
            )
            at_work = self.mounted and self.mounted.recorder.running
            if now != before or at_work:
                before = now
                yield
            await asyncio.sleep(GROWS)

    @property
    def last_mail(self) -> Mail | None:
        """The newest e-mail, if one has arrived."""
        mails = self.mailbox.mails if self.mailbox else ()
        return mails[-1] if mails else None


def new_client() -> httpx2.Client:
    """Return a client that keeps no connection: a failed task cuts it."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.Client(limits=limits, timeout=PATIENCE, trust_env=False)


def rows_of(response: httpx2.Response) -> list[dict[str, Any]]:
    """Return the rows that a response holds."""
    rows: list[dict[str, Any]] = response.raise_for_status().json()
    return rows


def logs(client: httpx2.Client, base: str) -> list[dict[str, Any]]:
    """Return the rows of a stage's tasks."""
    return rows_of(client.get(f"{base}{LOGS}?{OURS}"))


def shown(response: httpx2.Response) -> str:
    """Return a body to be read: JSON with its lines, or the text."""
    text = response.text
    if len(text) > 4000:  # noqa: PLR2004 (what one reads)
        return f"{text[:4000]} …"
    return text


def comment_on(code: int) -> str:
    """Say what a status means for the task."""
    if code == INVALID:
        return (
            "The input is invalid: the endpoint was not called, no task ran."
        )
    if code == NOT_FOUND:
        return "No endpoint has this path: there is no picture of it."
    if code in REFUSED:
        return "No task: the request was refused."
    return ""
