"""Where a run takes place: a folder, servers, programs that can be killed."""

import asyncio
import math
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import httpx2
import sqlalchemy as sa
from redis import Redis

from course import ports
from course.broker import Broker
from course.database import PostgreSQL
from course.folders import ROOT
from course.labs.crash import held
from course.labs.crash.setups import PYTHON, SHORTENED, Setup
from course.mailbox import authority
from course.processes import Program

Told = Callable[[str], None]  # progress, in a few words
STARTED = 60.0  # seconds that a program may take to start
LONGEST = 1800.0  # seconds until a run must have come to its end
SETTLED = 3.0  # seconds in which nothing happens in an engine that is idle


class LabError(Exception):
    """An experiment could not be made; says why."""


@dataclass
class Posts:
    """What became of the requests; a task has the number of its request."""

    accepted: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)  # sent, and not answered
    refused: list[str] = field(default_factory=list)  # 503


class Lab:
    """One setup at work. Leaving the block kills all that was started."""

    def __init__(  # noqa: PLR0913, PLR0917 (what it consists of)
        self,
        setup: Setup,
        folder: Path,
        broker: Broker | None,
        database: PostgreSQL | None,
        stopped: threading.Event,
        settings: Mapping[str, str],
    ) -> None:
        self.setup = setup
        self.folder = folder
        self.broker = broker
        self.database = database
        self.stopped = stopped
        self.file = folder / "effects.txt"
        self.file.touch()
        (folder / "data").mkdir()
        authority(folder / "data")  # stage 5 wants the mailbox's certificate
        self.url = f"sqlite:///{folder / 'data' / 'tasks.db'}"
        if database:
            self.url = database.url
        self.settings = {
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.url,
            "REDIS_URL": broker.url if broker else "",
            "CRASH_FILE": str(self.file),
            "CRASH_SECONDS": str(setup.task),
            "CRASH_STAGE": setup.stage,
            "PYTHONWARNINGS": "default",  # an engine's warnings are its own
            **(SHORTENED if setup.stage else {}),
            **settings,
        }
        self.apps: dict[int, Program] = {}  # by their ports
        self.workers: list[Program] = []
        self.scheduler: Program | None = None
        self.released = math.inf  # how many tasks the clients may post
        self.killed = False  # whether broker or database ever were

    # Programs

    def _start(self, name: str, command: Sequence[str]) -> Program:
        with (self.folder / f"{name}.log").open("ab") as log:
            return Program(
                name,
                command,
                settings=self.settings,
                output=log,
                folder=self.folder,
            )

    def start_app(self, port: int | None = None) -> int:
        """Serve the application, and wait until it answers."""
        port = port or ports.free_port()
        command = [
            *(*PYTHON, "uvicorn", f"{self.setup.app}:app", "--port"),
            *(str(port), "--log-level", "warning"),
        ]
        self.apps[port] = app = self._start("app", command)
        for _ in self.polls(STARTED, "the application did not answer"):
            if not app.running:
                raise self.failed("the application ended")
            with suppress(OSError):
                socket.create_connection((ports.HOST, port), 1).close()
                break
        return port

    @property
    def has_worker(self) -> bool:
        """Whether a program of its own runs the tasks."""
        alone = self.setup.embedded and not self.database
        return bool(self.setup.worker) and not alone

    def start_worker(self) -> None:
        """Start what runs the tasks, or one more, if it is a program."""
        if self.has_worker:
            url = self.settings["REDIS_URL"]
            words = [word.format(url=url) for word in self.setup.worker]
            self.workers.append(self._start("worker", words))

    def start_scheduler(self) -> None:
        """Start what publishes overdue rows, if it is a program."""
        if self.setup.scheduler:
            self.scheduler = self._start("scheduler", self.setup.scheduler)

    def restart_app(self) -> None:
        """Kill the web process that has run longest, and start it again."""
        port = next(iter(self.apps))
        self.apps.pop(port).kill()
        self.start_app(port)

    def restart_worker(self) -> None:
        """Kill what runs tasks, and start it again."""
        if self.has_worker:
            self.workers.pop(0).kill()
            self.start_worker()
        else:
            self.restart_app()

    def restart_broker(self) -> None:
        """Kill the broker when its file is written, and start it again."""
        assert self.broker
        if self.broker.append_only:
            wait_for_the_file(self.broker.url)
        self.killed = True
        self.broker.kill()
        self.broker.start()

    def restart_database(self) -> None:
        """Kill PostgreSQL, and start it again."""
        assert self.database
        self.killed = True
        self.database.kill()
        self.database.start()

    # Requests

    def accept(self, tasks: int, at_once: int | None = None) -> Posts:
        """Post so many tasks, usually all at once.

        Forty tasks in the server's forty threads would keep requests that
        come later from being accepted.
        """
        posts = Posts()
        asyncio.run(self.post_all(tasks, at_once or tasks, posts))
        return posts

    async def post_all(self, tasks: int, clients: int, posts: Posts) -> None:
        """Let so many clients post, each its next task after the last.

        They wait for what is not released yet.
        """
        numbers = iter(range(tasks))
        limits = httpx2.Limits(max_connections=clients)
        async with httpx2.AsyncClient(timeout=120, limits=limits) as client:

            async def post_some() -> None:
                for number in numbers:
                    while number >= self.released:  # noqa: ASYNC110 (a thread does it)
                        await asyncio.sleep(0.02)
                    await self.post(client, str(number), posts)

            await asyncio.gather(*(post_some() for _ in range(clients)))

    async def post(
        self, client: httpx2.AsyncClient, number: str, posts: Posts
    ) -> None:
        """Post one task; wait for a server if there is none."""
        path = f"/send-notification/{number}@example.com"
        until = time.monotonic() + STARTED
        for attempt in range(100_000):
            known = sorted(self.apps)
            port = known[(int(number) + attempt) % len(known)] if known else 0
            try:
                response = await client.post(
                    f"http://{ports.HOST}:{port}{path}"
                )
            except httpx2.ConnectError:  # not sent
                if self.stopped.is_set() or time.monotonic() > until:
                    raise self.failed("no application answers") from None
                await asyncio.sleep(0.05)
                continue
            except httpx2.TransportError:
                posts.cut.append(number)
                return
            if response.status_code == httpx2.codes.OK:
                posts.accepted.append(number)
            elif response.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
                posts.refused.append(number)
            else:
                raise self.failed(f"{response.status_code} {response.text}")
            return

    def probe(self) -> None:
        """Let the engine do a task of no account: it is awake."""
        with httpx2.Client(timeout=120) as client:
            port = next(iter(self.apps))
            path = "/send-notification/probe@example.com"
            response = client.post(f"http://{ports.HOST}:{port}{path}")
            response.raise_for_status()
        for _ in self.polls(LONGEST, "a last task was not done"):
            if any(line.startswith("probe ") for line in self.lines()):
                return

    # What has happened

    def lines(self) -> list[str]:
        """Return the effects so far."""
        return self.file.read_text("utf-8").splitlines()

    def _emails(self, query: str) -> list[str]:
        """Return the numbers of the tasks that a query of emails finds."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            emails = connection.scalars(sa.text(query))
            return [email.partition("@")[0] for email in emails]

    def rows(self) -> list[str]:
        """Return the effects in the stage's database."""
        return self._emails("SELECT email FROM effects")

    def committed(self) -> list[str]:
        """Return the tasks that have a row."""
        field = (
            "payload->>'email'" if self.database else "payload ->> '$.email'"
        )
        return self._emails(f"SELECT {field} FROM task_logs")  # noqa: S608

    def left(self) -> dict[str, int]:
        """Return what the engine and the rows still have to do, and where."""
        broker = self.settings["REDIS_URL"]
        return held.count(self.folder, self.url, broker)

    def polls(
        self, seconds: float, else_: str, pause: float = 0.05
    ) -> Iterator[None]:
        """Come back every now and then; after a while, it has failed."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.stopped.wait(pause):
                raise LabError("stopped")
            self.supervise()
            yield
        raise self.failed(else_)

    def supervise(self) -> None:
        """Start again what ended because its broker or database was killed.

        Where nothing was killed, it is an error.
        """
        ended = [worker for worker in self.workers if not worker.running]
        scheduler = self.scheduler
        if scheduler and scheduler.running:
            scheduler = None
        if (ended or scheduler) and not self.killed:
            raise self.failed("a worker or scheduler ended")
        for worker in ended:
            self.workers.remove(worker)
            worker.stop()  # and what guards it
            self.start_worker()
        if scheduler:
            scheduler.stop()
            self.start_scheduler()

    def wait_for_lines(self, count: int, seconds: float) -> None:
        """Wait until so many effects are there."""
        for _ in self.polls(seconds, f"there were never {count} effects"):
            if len(self.lines()) >= count:
                return

    def wait_until_idle(self, told: Told) -> dict[str, int]:
        """Wait until nothing more will happen; return what is still held.

        That is so if the engine and the stage's rows hold nothing. What an
        engine holds and does not do is given up when there was no effect for
        the setup's wait, and the engine has done a new task meanwhile: a slow
        machine is not an idle one.
        """
        if self.setup.engine == "BackgroundTasks":
            self.drain()
            return {}
        seen, since, probed = -1, time.monotonic(), False
        for _ in self.polls(LONGEST, "it never came to an end", 0.3):
            now = len(self.lines())
            if now != seen:
                seen, since = now, time.monotonic()
            quiet = time.monotonic() - since
            left = {name: n for name, n in self.left().items() if n}
            told(f"{seen} effects, none for {quiet:.0f} s; left: {left}")
            settled = max(SETTLED, 5 * self.setup.task)
            if not left and quiet >= settled:
                return left
            if quiet >= self.setup.wait:
                if probed:
                    return left
                try:
                    self.probe()
                except httpx2.HTTPError as error:
                    if self.setup.stage:
                        raise self.failed(
                            f"it takes no task: {error}"
                        ) from None
                    return left  # as installed, it did not recover
                probed = True
        raise AssertionError

    def drain(self) -> None:
        """Let the applications end: uvicorn waits for their tasks."""
        for port in [*self.apps]:
            if not self.apps.pop(port).stop(LONGEST):
                raise self.failed("the tasks never came to an end")

    def failed(self, what: str) -> LabError:
        """Return an error with the last lines of the logs."""
        lines = [
            line
            for log in sorted(self.folder.glob("*.log"))
            for line in log.read_text("utf-8", "replace").splitlines()[-8:]
        ]
        return LabError("\n".join([f"{self.setup.name}: {what}", *lines]))

    def end(self) -> None:
        """Leave nothing running."""
        for program in [
            *filter(None, [self.scheduler]),
            *self.workers,
            *self.apps.values(),
        ]:
            program.kill()


def wait_for_the_file(url: str) -> None:
    """Wait until all is on the disk: while that is busy, seconds are not."""
    with Redis.from_url(url) as broker:
        broker.set("written", "until here")
        if broker.waitaof(1, 0, 30_000)[0] != 1:
            raise LabError("the broker's file was not written within 30 s")


@contextmanager
def laboratory(  # noqa: PLR0913 (what differs between experiments)
    setup: Setup,
    stopped: threading.Event,
    *,
    append_only: bool = True,
    postgresql: bool = False,
    apps: int = 1,
    workers: int = 1,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Lab]:
    """Run a setup in a folder of its own, with the servers that it needs."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as somebody else if we are root
        broker = database = None
        if setup.valkey:
            broker = Broker(folder / "broker", append_only=append_only)
            stack.enter_context(broker)
        if setup.postgresql or postgresql:
            database = PostgreSQL(folder / "postgresql")
            stack.enter_context(database)
        lab = Lab(setup, folder, broker, database, stopped, settings)
        stack.callback(lab.end)
        for _ in range(apps):
            lab.start_app()
        for _ in range(workers):
            lab.start_worker()
        if workers:
            lab.start_scheduler()
        yield lab
