"""What really happens, written by the applications and tasks themselves.

All processes append to one file, and no recorder has a part in it.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter_ns

FOLDER = Path(os.environ.get("ACROSS_FOLDER", "."))
LOG = FOLDER / "witness.jsonl"
# The response waits for the task to begin, and then the task for the client:
# it is certain what happens when.
HELD = {"held", "retry"}
PATIENCE = 240.0


class CaseError(Exception):
    """What a task of a case raises."""


def log(case: str, what: str) -> None:
    """Append a line."""
    about = {"at": perf_counter_ns(), "pid": os.getpid()}
    line = json.dumps({**about, "case": case, "what": what})
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    file = os.open(LOG, flags, 0o644)
    os.write(file, line.encode() + b"\n")
    os.close(file)


@contextmanager
def publishing(case: str, name: str) -> Iterator[None]:
    """Log what surrounds the call that publishes."""
    log(case, f"{name} publish")
    yield
    log(case, f"{name} published")


def tell(case: str, what: str) -> None:
    """Leave a file that others wait for."""
    (FOLDER / f"{case}.{what}").touch()


def wait(case: str, what: str) -> None:
    """Wait for such a file."""
    end = time.monotonic() + PATIENCE
    while not (FOLDER / f"{case}.{what}").exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{case}: {what} has not come")
        time.sleep(0.005)


def attempt(case: str, name: str) -> int:
    """Count how often a task has begun, in whatever process."""
    for number in range(1, 100):
        try:
            (FOLDER / f"{case}.{name}.{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return number
    raise AssertionError(case)


def act(
    case: str,
    name: str,
    publish: Callable[[str, str], None],
    again: Callable[[int], None] = lambda _: None,
) -> None:
    """Be a task: do what its case is about, and log that.

    `again` is told of a failure, which attempt it was, before it is raised.
    """
    kind, number = case.partition("-")[0], attempt(case, name)
    log(case, f"{name} began")
    tell(case, f"{name} began")
    if kind in HELD:
        wait(case, "answered")
    if kind == "killed" and number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "chain" and name == "first":
        with publishing(case, "second"):
            publish(case, "second")
    if kind == "failure" or (kind == "retry" and number == 1):
        again(number)
        log(case, f"{name} raised")
        raise CaseError
    log(case, f"{name} ended")
