"""Start a worker, talk to it, and end it with all that it started."""

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.folders import ROOT
from course.grader import processes
from course.grader.files import remove
from course.grader.run_check import told
from course.run import HeldBack


@dataclass(frozen=True)
class How:
    """How checks are to be run."""

    fork: bool
    deadline: float = 10.0
    at_once: int = 1
    starved: float = 0.25  # of its time without a processor: not its fault


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Worker:
    """A worker process and what it says."""

    def __init__(self, files: list[Path], how: How) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="grader-"))
        self.began = time.monotonic()
        self.secret = secrets.token_hex(8)  # begins each of its lines
        try:
            with HeldBack():  # until the worker ignores Ctrl-C
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "course.grader.worker"],
                    cwd=ROOT,
                    env=_environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
        except BaseException:
            self.scratch.rmdir()
            raise
        self.said: queue.SimpleQueue[dict[str, Any] | None]
        self.said = queue.SimpleQueue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        self.order(
            {
                "files": [str(file.resolve()) for file in files],
                "scratch": str(self.scratch),
                "fork": how.fork,
                "secret": self.secret,
            }
        )

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                if said := told(line, self.secret):
                    self.said.put(said)
        self.said.put(None)

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Return what it says next; {} if nothing yet, None if it died."""
        try:
            return self.said.get(timeout=seconds)
        except queue.Empty:
            if sys.platform != "win32":  # an answer may have stopped it
                self.process.send_signal(signal.SIGCONT)
            return {}

    def order(self, said: dict[str, Any]) -> None:
        """Send one order."""
        assert self.process.stdin
        with suppress(OSError):  # it has died: heard soon
            self.process.stdin.write(json.dumps(said).encode() + b"\n")
            self.process.stdin.flush()

    def kill(self) -> int:
        """Kill it and all below it; return its exit code."""
        processes.end(self.process.pid)
        with suppress(OSError):
            self.process.kill()
        return self.process.wait()

    def end(self) -> None:
        """Leave nothing of it behind."""
        try:
            self.kill()
            processes.end_orphans(set())
            self.listener.join(2)  # nobody is left who could write to it
            assert self.process.stdin
            with suppress(OSError):
                self.process.stdin.close()
        finally:
            remove(self.scratch)


def _environment() -> dict[str, str]:
    """Leave out what would change how Python runs an answer."""
    kept = {"PYTHONPATH", "PYTHONHOME", "PYTHONUTF8"}
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST_")) or name in kept
    }
