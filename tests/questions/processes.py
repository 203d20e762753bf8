"""A process of its own for a question: a server with workers, a worker."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from course.folders import environment

PATIENCE = 30.0  # seconds until a line has to be there


class Process:
    """`python -m …`, with what it says; `wait_for` waits for a line of it."""

    def __init__(
        self,
        command: Sequence[str],
        settings: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", *command],
            cwd=folder,
            env={**environment(), **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # with all that it starts
        )
        self.lines: list[str] = []
        self.ended = False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                with self.changed:
                    self.lines.append(line.rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, *texts: str, times: int = 1) -> str:
        """Return the line that has one of these, the last of so many."""

        def found() -> list[str]:
            return [
                line
                for line in self.lines
                if any(text in line for text in texts)
            ]

        with self.changed:
            self.changed.wait_for(
                lambda: self.ended or len(found()) >= times, PATIENCE
            )
            assert len(found()) >= times, "\n".join(self.lines)
            return found()[times - 1]

    def address(self) -> str:
        """Return where uvicorn listens, once it does."""
        line = self.wait_for("running on ")
        return line.split("running on ")[1].split()[0]

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, as Ctrl-C (SIGINT) or a host (SIGTERM) does."""
        self.process.send_signal(number)

    def end(self) -> str:
        """Wait until it has ended by itself; return all that it said."""
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return "\n".join(self.lines)

    def kill(self) -> None:
        """Leave nothing running, however the test went."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join()
