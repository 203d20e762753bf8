"""Where a run takes place: a folder, a broker, programs that can be killed."""

import asyncio
import socket
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import httpx2

from course import ports
from course.broker import Broker
from course.labs.crash.setups import PYTHON, Setup
from course.mailbox import authority
from course.processes import Program

Told = Callable[[str], None]  # progress, in a few words


class LabError(Exception):
    """An experiment could not be made; says why."""


class Lab:
    """One setup at work. Leaving the block kills all that was started."""

    def __init__(
        self,
        setup: Setup,
        folder: Path,
        broker: Broker | None,
        stopped: threading.Event,
        settings: Mapping[str, str],
    ) -> None:
        self.setup = setup
        self.folder = folder
        self.broker = broker
        self.stopped = stopped
        self.port = ports.free_port()
        self.file = folder / "effects.txt"
        self.file.touch()
        (folder / "data").mkdir()
        authority(folder / "data")  # stage 5 wants the mailbox's certificate
        self.settings = {
            "DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "REDIS_URL": broker.url if broker else "",
            "CRASH_FILE": str(self.file),
            "CRASH_SECONDS": str(setup.task),
            "PYTHONWARNINGS": "default",  # an engine's warnings are its own
            **settings,
        }
        self.app: Program | None = None
        self.workers: list[Program] = []

    def _start(self, name: str, command: Sequence[str]) -> Program:
        with (self.folder / f"{name}.log").open("ab") as log:
            return Program(
                name,
                command,
                folder=self.folder,
                settings=self.settings,
                output=log,
            )

    def start_app(self) -> None:
        """Serve the application, and wait until it answers."""
        command = [
            *(*PYTHON, "uvicorn", f"{self.setup.app}:app", "--port"),
            *(str(self.port), "--log-level", "warning"),
        ]
        self.app = self._start("app", command)
        for _ in self.polls(30, "the application did not answer"):
            if not self.app.running:
                raise self.failed("the application ended")
            with suppress(OSError):
                socket.create_connection((ports.HOST, self.port), 1).close()
                return

    def start_worker(self) -> None:
        """Start what runs the tasks, or one more, if it is a program."""
        if self.setup.worker:
            url = self.settings["REDIS_URL"]
            words = [word.format(url=url) for word in self.setup.worker]
            self.workers.append(self._start("worker", words))

    def crash(self) -> None:
        """Kill all that runs tasks, and start it again."""
        if self.workers:
            self.workers.pop().kill()
            self.start_worker()
        else:
            assert self.app
            self.app.kill()
            self.start_app()

    def lines(self) -> list[str]:
        """Return the effects so far."""
        return self.file.read_text("utf-8").splitlines()

    def rows(self) -> list[str]:
        """Return the effects in the database, in the lines' form."""
        path = self.folder / "s06_survive_restart.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as database:
            found = database.execute("SELECT email FROM effects").fetchall()
        return [email.partition("@")[0] for (email,) in found]

    def accept(self, tasks: int, at_once: int | None = None) -> list[str]:
        """Post so many tasks; return those that were accepted.

        Usually all at once: forty tasks in the server's forty threads would
        keep requests that come later from being accepted.
        """
        return asyncio.run(self._accept(tasks, at_once or tasks))

    async def _accept(self, tasks: int, at_once: int) -> list[str]:
        limits = httpx2.Limits(max_connections=at_once)
        base = f"http://{ports.HOST}:{self.port}"

        async def post(number: str) -> str:
            path = f"/send-notification/{number}@example.com"
            answer = await client.post(path)
            if answer.status_code != httpx2.codes.OK:
                raise self.failed(f"{answer.status_code} {answer.text}")
            return number

        async with httpx2.AsyncClient(
            base_url=base, timeout=120, limits=limits
        ) as client:
            numbers = map(str, range(tasks))
            return list(await asyncio.gather(*map(post, numbers)))

    def polls(self, seconds: float, else_: str) -> Iterator[None]:
        """Come back every now and then; after a while, it has failed."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.stopped.wait(0.05):
                raise LabError("stopped")
            if not all(worker.running for worker in self.workers):
                raise self.failed("the worker ended")
            yield
        raise self.failed(else_)

    def wait_for_lines(self, count: int, seconds: float) -> None:
        """Wait until so many effects are there."""
        for _ in self.polls(seconds, f"there were never {count} effects"):
            if len(self.lines()) >= count:
                return

    def wait_until_quiet(self, seconds: float, told: Told) -> None:
        """Wait until no line has come for so long."""
        seen, since = -1, time.monotonic()
        for _ in self.polls(900, "it never came to an end"):
            now = len(self.lines())
            if now != seen:
                seen, since = now, time.monotonic()
            quiet = time.monotonic() - since
            told(f"{seen} lines, none for {quiet:.0f} of {seconds:g} s")
            if quiet >= seconds:
                return

    def failed(self, what: str) -> LabError:
        """Return an error that tells what was said last."""
        logs = [self.folder / f"{name}.log" for name in ("app", "worker")]
        said = [
            line
            for log in logs
            if log.exists()
            for line in log.read_text("utf-8", "replace").splitlines()[-8:]
        ]
        return LabError("\n".join([f"{self.setup.name}: {what}", *said]))

    def end(self) -> None:
        """Leave nothing running."""
        for program in [*self.workers, *([self.app] if self.app else [])]:
            program.kill()


@contextmanager
def laboratory(
    setup: Setup,
    stopped: threading.Event,
    *,
    append_only: bool = True,
    worker: bool = True,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Lab]:
    """Run a setup in a folder of its own, with a broker if it needs one."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        folder = Path(name)
        broker = None
        if setup.worker:
            broker = Broker(folder / "broker", append_only=append_only)
            stack.enter_context(broker)
        lab = Lab(setup, folder, broker, stopped, settings)
        stack.callback(lab.end)
        lab.start_app()
        if worker:
            lab.start_worker()
        yield lab
