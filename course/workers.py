"""What runs beside a stage's application, started and stopped with it."""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from course.broker import Broker
from course.database import postgresql
from course.folders import data_dir
from course.processes import (
    NoServerError,
    Program,
    stop_all,
    told_to_stop,
)

T = TypeVar("T")
LIMIT = 10  # seconds that a worker may take to end its task


def without_login(url: str) -> str:
    """Return where a server is, fit to be shown."""
    return re.sub(r"//.*@", "//", url)


def say(text: str) -> None:
    """Print a line at once, between those of the worker and the app."""
    print(text, flush=True)


@contextmanager
def setting(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for as long as the block runs."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@contextmanager
def valkey() -> Iterator[None]:
    """Let REDIS_URL name a broker: the one that is set, or one of ours."""
    if url := os.environ.get("REDIS_URL"):
        say(f"Broker    {without_login(url)}, which REDIS_URL names")
        yield
        return
    folder = data_dir() / "broker"
    with Broker(folder) as broker, setting("REDIS_URL", broker.url):
        say(f"Broker    {broker.url}, Valkey {broker.version}, started here")
        say(f"          its queue is kept in {folder}")
        try:
            yield
        finally:  # uvicorn leaves by an exception
            say("The broker is stopped; what its queue holds is kept.")


@contextmanager
def database() -> Iterator[None]:
    """Let DATABASE_URL name a PostgreSQL: the one that is set, or ours."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    folder = data_dir() / "postgresql"
    with postgresql(folder) as url, setting("DATABASE_URL", url):
        say(f"Database  PostgreSQL, started here; its data is in {folder}")
        try:
            yield
        finally:
            say("The database is stopped; its data is kept.")


def warn_when_gone(program: Program, wanted: threading.Event) -> None:
    """Tell if a program ends although it is still wanted."""
    program.ended.wait()
    if wanted.is_set():
        code = program.process.returncode
        say(
            f"{program.name} has ended by itself (exit code {code}): what is"
            " accepted now waits in the queue. Ctrl-C, then start again."
        )


@contextmanager
def running(name: str, module: str, *arguments: str) -> Iterator[None]:
    """Run a module beside the application; it may end its task at the end."""
    words = ["-m", module, *arguments]
    program = Program(f"The {name}", [sys.executable, *words])
    wanted = threading.Event()
    wanted.set()
    threading.Thread(
        target=warn_when_gone, args=(program, wanted), daemon=True
    ).start()
    say(f"{name.capitalize():9} python {' '.join(words)}, started here")
    try:
        yield
    finally:
        wanted.clear()
        say(f"The {name} may end its task: {LIMIT} seconds at most.")
        killed = stop_all([program], LIMIT)
        say("\n".join(killed) or f"The {name} is stopped.")


@contextmanager
def quiet_worker(module: str, *arguments: str) -> Iterator[Program]:
    """Run a worker for a notebook; `worker_log` returns what it says."""
    command = [sys.executable, "-m", module, *arguments]
    with _log(*arguments).open("wb") as log:
        worker = Program("The worker", command, output=log)
    try:
        yield worker
    finally:
        stop_all([worker], LIMIT)


def _log(*arguments: str) -> Path:
    return data_dir() / f"{'_'.join(['worker', *arguments])}.log"


def worker_log(words: str, *arguments: str) -> str:
    """Return the lines in which the pattern is found, without the date."""
    lines = _log(*arguments).read_text("utf-8", "replace").splitlines()
    chosen = [line for line in lines if re.search(words, line)]
    return "\n".join(re.sub(r"^[\d-]{10} ", "", line) for line in chosen)


def until(condition: Callable[[], T], seconds: float = 100) -> T:
    """Wait until a condition is true, and return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"Not true after {seconds:g} seconds")
        time.sleep(0.05)
    return value


def one(name: str, module: str) -> AbstractContextManager[None]:
    """Return what starts and stops a thing that a stage names in BESIDE."""
    if name == "valkey":
        return valkey()
    if name == "postgresql":
        return database()
    arguments = [] if name == "worker" else [name]
    return running(name, module, *arguments)


@contextmanager
def started(names: Sequence[str], module: str | None) -> Iterator[None]:
    """Start what a stage needs beside its application, in this order."""
    if not names or module is None:
        yield
        return
    try:
        with told_to_stop(), ExitStack() as stack:
            if url := os.environ.get("DATABASE_URL"):
                shown = without_login(url)
                say(f"Database  {shown}, which DATABASE_URL names")
            for name in names:
                stack.enter_context(one(name, module))
            say("App       what uvicorn says; Ctrl-C stops all of it")
            yield
    except NoServerError as error:
        sys.exit(str(error))
