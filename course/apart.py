"""A stage in processes of its own: so that they can be killed."""

import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

import start
from course import ports
from course.folders import environment
from course.processes import Program, stop_all
from course.recorded import OURS, PATH, PICTURES, Wait
from course.stage import Stage
from fastapi_timeline import Recording, across

STARTING = 120  # seconds: the first time, PostgreSQL makes its files
STOPPING = 25  # a worker may end its task
SHOWN = 12  # lines of the log
READ = 20_000  # bytes of it that are looked at


class NotStartedError(Exception):
    """It ended at once; the text is what it said last."""


class Apart:
    """One stage with its worker, broker and database, as `stage N` runs it."""

    def __init__(
        self,
        stage: Stage,
        folder: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Know the stage; it will run in the folder, with these settings."""
        self.stage, self.folder = stage, folder
        self.settings = settings or {}
        self.file = folder / "data" / f"page_stage_{stage.number:02}.log"
        self.journals = self.file.with_suffix("")  # where each process notes
        self.newest: Recording | None = None
        self.waits: deque[Wait] = deque(maxlen=PICTURES)
        self.program: Program | None = None
        self.port = 0

    @property
    def running(self) -> bool:
        """Whether its processes are there."""
        return self.program is not None and self.program.running

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://{ports.HOST}:{self.port}"

    @property
    def log(self) -> str:
        """What its processes said last."""
        try:
            with self.file.open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - READ))
                lines = log.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-SHOWN:])

    def start(self) -> None:
        """Start it, and wait until it answers; NotStartedError if not."""
        if self.running:
            return
        try:
            start.prepare()  # the page may run with less than a worker needs
        except SystemExit as error:
            raise NotStartedError(str(error)) from None
        if not self.newest:  # what an earlier page left
            shutil.rmtree(self.journals, ignore_errors=True)
        if not self.port or ports.is_taken(self.port):
            self.port = ports.free_port()
        words = [str(self.stage.number), str(self.port)]
        command = [sys.executable, "-m", "course.recorded", *words]
        followed = across.environment(self.journals)
        paths = followed["PYTHONPATH"], environment()["PYTHONPATH"]
        followed["PYTHONPATH"] = os.pathsep.join(paths)
        with self.file.open("wb") as log:
            name = f"Stage {self.stage.number}"
            program = Program(
                name,
                command,
                folder=self.folder,
                settings={**followed, **self.settings},
                output=log,
            )
        self.program = program
        end = time.monotonic() + STARTING
        while not self.answers():
            if program.ended.is_set() or time.monotonic() > end:
                self.stop()
                raise NotStartedError(self.log)
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            self.openapi()
        except httpx2.HTTPError:
            return False
        return True

    def openapi(self) -> dict[str, Any]:
        """Return what it says of itself, once it answers."""
        url = f"{self.base}/openapi.json?{OURS}"
        answer = httpx2.get(url, trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    @property
    def version(self) -> tuple[object, ...]:
        """What changes when there is something new to show."""
        files = self.journals.glob("*.jsonl")
        return self.log, sum(file.stat().st_size for file in files)

    def recording(self) -> Recording | None:
        """Return the newest request, followed into the worker.

        It is kept, so that the picture shows what a kill leaves of its task.
        """
        waits = [f"{began}-{ended}" for began, ended in self.waits]
        query = f"{OURS}&{'&'.join(f'wait={wait}' for wait in waits)}"
        try:
            answer = httpx2.get(f"{self.base}{PATH}?{query}", trust_env=False)
            if text := answer.raise_for_status().text:
                self.newest = Recording.from_json(text)
        except httpx2.HTTPError:
            pass  # it is being started or killed
        return self.newest and across.joined(self.newest, self.journals)

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""
        if self.program:
            self.program.kill()

    def stop(self) -> None:
        """Stop it as Ctrl-C would."""
        if self.program:
            stop_all([self.program], STOPPING)
        self.newest = None
        shutil.rmtree(self.journals, ignore_errors=True)
