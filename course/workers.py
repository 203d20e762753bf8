"""What a stage with a worker needs beside it, started and stopped."""

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from course.broker import Broker, NoBrokerError
from course.folders import data_dir
from course.processes import Program, stop_all, told_to_stop

LIMIT = 10  # seconds that a worker may take to end its task


def without_login(url: str) -> str:
    """Return where a server is, fit to be shown."""
    return re.sub(r"//.*@", "//", url)


def say(text: str) -> None:
    """Print a line at once, between those of the worker and the app."""
    print(text, flush=True)


@contextmanager
def a_broker() -> Iterator[None]:
    """Let REDIS_URL name a broker: the one that is set, or one of ours."""
    if url := os.environ.get("REDIS_URL"):
        say(f"Broker    {without_login(url)}, which REDIS_URL names")
        yield
        return
    folder = data_dir() / "broker"
    with Broker(folder) as ours:
        os.environ["REDIS_URL"] = ours.url
        try:
            say(f"Broker    {ours.url}, Valkey {ours.version}, started here")
            say(f"          its queue is kept in {folder}")
            yield
        finally:
            del os.environ["REDIS_URL"]
            say("The broker is stopped; what its queue holds is kept.")


def warn_when_gone(worker: Program, wanted: threading.Event) -> None:
    """Tell if the worker ends although it is still wanted."""
    worker.ended.wait()
    if wanted.is_set():
        code = worker.process.returncode
        say(
            f"The worker has ended by itself (exit code {code}): what is"
            " accepted now waits in the queue. Ctrl-C, then start again."
        )


@contextmanager
def a_worker(module: str) -> Iterator[None]:
    """Run a stage's worker; it may end its task before it is stopped."""
    worker = Program("The worker", [sys.executable, "-m", module])
    wanted = threading.Event()
    wanted.set()
    threading.Thread(
        target=warn_when_gone, args=(worker, wanted), daemon=True
    ).start()
    say(f"Worker    python -m {module}, started here")
    try:
        yield
    finally:
        wanted.clear()
        say(f"The worker may end its task: {LIMIT} seconds at most.")
        told = stop_all([worker], LIMIT)
        say("\n".join(told) or "The worker is stopped.")


@contextmanager
def quiet_worker(module: str) -> Iterator[None]:
    """Run a worker for a notebook; what it says is in worker.log."""
    command = [sys.executable, "-m", module]
    with (data_dir() / "worker.log").open("wb") as log:
        worker = Program("The worker", command, output=log)
    try:
        yield
    finally:
        stop_all([worker], LIMIT)


@contextmanager
def with_worker(module: str | None) -> Iterator[None]:
    """Start what a stage needs; nothing if it has no worker."""
    if module is None:
        yield
        return
    try:
        with told_to_stop(), ExitStack() as stack:
            stack.enter_context(a_broker())
            if url := os.environ.get("DATABASE_URL"):
                say(
                    f"Database  {without_login(url)}, which DATABASE_URL names"
                )
            stack.enter_context(a_worker(module))
            say("App       what uvicorn says; Ctrl-C stops all of it")
            yield
    except NoBrokerError as error:
        sys.exit(str(error))
