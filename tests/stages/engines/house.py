"""An engine at work: application, worker, scheduler, broker, in a folder."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import psutil
import sqlalchemy as sa

from course.broker import Broker
from course.mailbox import Mailbox
from course.ports import free_port, listen
from stages.s06_at_work.database import TaskLog
from tests.servers import ROOT

T = TypeVar("T")
PATIENCE = 120.0  # seconds for what takes a few on a quiet machine
EMAIL = {"subject": "Hello", "body": "Hi!", "recipients": ["ada@example.com"]}
SCRIPT = """
import sys
from importlib import import_module
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.queue import enqueue

_, stage, kind = sys.argv
app = import_module(f"stages.{stage}.app").app
log = TaskLog(kind=kind, task_name=kind, payload={"task_name": "report"})
with get_session_factory()() as session:
    enqueue(session, app.state.queue, log)
"""
SHORT_TIMES = {
    "TASK_TIME_LIMIT": "5",
    "TASK_LONGEST_PAUSE": "2",
    "TASK_PUBLISH_AFTER": "1",
    "TASK_MAX_ATTEMPTS": "1000",
}


@dataclass(frozen=True)
class Engine:
    """What differs between the stages; a new one is one line in ENGINES."""

    stage: str
    needs: str = "redis"
    scheduler: bool = True  # a process of its own does the periodic work
    constant_keys: str = ""  # what the broker keeps when all is done

    def __str__(self) -> str:
        """Name the test."""
        return self.stage


ENGINES = [
    Engine("s07_celery", constant_keys=r"stage7:_kombu\.binding.*"),
    Engine(
        "s08_rq",
        constant_keys="rq:(workers?|cron|clean|queues|scheduler).*"
        "|.*:intermediate:first_seen:.*",  # expires after a day
    ),
    Engine("s09_taskiq", constant_keys="stage9|autoclaim:.*"),
    Engine("s10_procrastinate", "postgresql", scheduler=False),
    Engine("s11_dbos", "postgresql", scheduler=False),
]
ON_REDIS = [engine for engine in ENGINES if engine.needs == "redis"]


def until(condition: Callable[[], T], what: Callable[[], object] = str) -> T:
    """Wait until a condition is true, and return what it returned."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, what()
        time.sleep(0.05)
    return value


class House:
    """Starts and ends the processes of one engine."""

    def __init__(
        self, engine: Engine, folder: Path, settings: dict[str, str]
    ) -> None:
        self.engine, self.folder = engine, folder
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        on_redis = engine.needs == "redis"
        self.broker = Broker(folder / "broker") if on_redis else None
        self.smtp_port = free_port()
        self.settings = {
            # Celery warns root, as which tests may run.
            "PYTHONWARNINGS": "error,ignore:You're running the worker",
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": f"sqlite:///{self.data}/tasks.db",
            "SMTP_SERVER": "localhost",
            "SMTP_PORT": str(self.smtp_port),
            "SMTP_CA_FILE": str(self.data / "mailbox-ca.pem"),
            **SHORT_TIMES,
            **settings,
        }
        with self.mailbox():
            pass  # it writes its certificate
        self.running: list[psutil.Popen] = []
        self.client: httpx2.Client | None = None
        self.database = sa.create_engine(self.settings["DATABASE_URL"])

    def run(self, log: str, *words: str, **settings: str) -> psutil.Popen:
        """Start Python in the folder, with the settings and some more."""
        with (self.folder / log).open("ab") as output:
            process = psutil.Popen(
                [sys.executable, *words],
                cwd=self.folder,
                env={**os.environ, **self.settings, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def log(self, name: str) -> str:
        """Return what a process has written."""
        return (self.folder / name).read_text("utf-8", "replace")

    def start(self) -> None:
        """Start all of it, and wait until the application answers."""
        if self.broker:
            self.broker.start()
            self.settings["REDIS_URL"] = self.broker.url
        app = f"stages.{self.engine.stage}.app:app"
        self.run("web.log", "-m", "uvicorn", app, "--port", "0")
        self.start_worker()
        pattern = r"running on (http://\S+)"
        (address,) = until(
            lambda: re.findall(pattern, self.log("web.log")),
            lambda: self.log("web.log"),
        )
        self.client = httpx2.Client(base_url=address, timeout=PATIENCE)
        if self.engine.scheduler:
            self.scheduler = self.start_worker("scheduler")

    def start_worker(self, *mode: str) -> psutil.Popen:
        """Start a worker, or what else its module can be."""
        module = f"stages.{self.engine.stage}.worker"
        process = self.run("_".join(("worker", *mode)), "-m", module, *mode)
        if not mode:
            self.worker = process
        return process

    @staticmethod
    def kill(process: psutil.Popen) -> None:
        """Kill a process, before it sees the end of what it has started."""
        try:
            processes = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            processes = []
        for member in processes:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait()

    def end(self) -> None:
        """Leave nothing behind."""
        for process in self.running:
            self.kill(process)
        if self.client:
            self.client.close()
        if self.broker and self.broker.program:
            self.broker.kill()
        self.database.dispose()

    def post(self, path: str, **options: Any) -> float:
        """Send a request that must succeed; return the seconds it took."""
        began = time.monotonic()
        assert self.client
        response = self.client.post(path, **options)
        assert response.status_code == 200, response.text
        return time.monotonic() - began

    def row(self, log_id: int | None = None) -> sa.Row[Any]:
        """Return a row as it is in the database, by default the last."""
        table = TaskLog.__table__
        query = sa.select(table).order_by(table.c.id.desc()).limit(1)
        if log_id:
            query = query.where(table.c.id == log_id)
        with self.database.connect() as connection:
            return connection.execute(query).one()

    def until_row(
        self, condition: Callable[[sa.Row[Any]], bool], log_id: int
    ) -> sa.Row[Any]:
        """Wait until a row is as it should be."""
        until(
            lambda: condition(self.row(log_id)),
            lambda: (self.row(log_id), self.log("worker")[-3000:]),
        )
        return self.row(log_id)

    def until_done(self, log_id: int) -> sa.Row[Any]:
        """Wait until a task is completed."""
        return self.until_row(lambda row: row.status == "completed", log_id)

    def unfinished(self) -> list[int]:
        """Return the rows that are not at their end."""
        table = TaskLog.__table__
        query = sa.select(table.c.id).where(table.c.status != "completed")
        with self.database.connect() as connection:
            return list(connection.scalars(query))

    def enqueue(self, kind: str, **settings: str) -> int:
        """Enqueue a task in a script, as a team's own does; return its ID."""
        process = self.run(
            *("script", "-c", SCRIPT, self.engine.stage, kind), **settings
        )
        assert process.wait() == 0, self.log("script")
        log_id: int = self.row().id
        return log_id

    @contextmanager
    def mailbox(self) -> Iterator[Mailbox]:
        """Run the mail server."""
        with Mailbox(self.data, self.smtp_port) as mailbox:
            yield mailbox

    @contextmanager
    def task_that_hangs(
        self, *, wait: bool = True
    ) -> Iterator[Callable[[], socket.socket]]:
        """Send an e-mail to a server that says nothing.

        The caller waits for the worker's connections with what is given, and
        may close one: then the attempt fails. In the end the mail is sent.
        """
        with ExitStack() as stack:
            server = stack.enter_context(listen(self.smtp_port))
            server.settimeout(PATIENCE)
            self.post("/send-email/", json=EMAIL)
            log_id = self.row().id
            yield lambda: stack.enter_context(server.accept()[0])
        if wait:
            with self.mailbox():
                self.until_done(log_id)
