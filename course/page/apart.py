"""A stage in processes of its own: so that they can be killed."""

import sys
import time
from pathlib import Path
from typing import Any

import httpx2

from course import ports
from course.processes import Program, stop_all
from course.stage import Stage

STARTING = 120  # seconds: the first time, PostgreSQL makes its files
STOPPING = 25  # a worker may end its task
SHOWN = 12  # lines of the log


class NotStartedError(Exception):
    """It ended at once; the text is what it said last."""


class Apart:
    """One stage with its worker, broker and database, as `stage N` runs it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.file = folder / f"page_stage_{stage.number:02}.log"
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
            text = self.file.read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-SHOWN:])

    def start(self) -> None:
        """Start it, and wait until it answers; NotStartedError if not."""
        if self.running:
            return
        self.port = ports.free_port()
        words = ["-m", "course.stage", str(self.stage.number)]
        command = [sys.executable, *words, "--port", str(self.port)]
        with self.file.open("wb") as log:
            name = f"Stage {self.stage.number}"
            program = Program(name, command, output=log)
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
            url = f"{self.base}/openapi.json"
            return httpx2.get(url, trust_env=False).is_success
        except httpx2.HTTPError:
            return False

    def openapi(self) -> dict[str, Any]:
        """Return what it says of itself, once it answers."""
        url = f"{self.base}/openapi.json"
        found: dict[str, Any] = httpx2.get(url, trust_env=False).json()
        return found

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""
        if self.program:
            self.program.kill()

    def stop(self) -> None:
        """Stop it as Ctrl-C would."""
        if self.program:
            stop_all([self.program], STOPPING)
