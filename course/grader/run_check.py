"""Run one check in this process, and see what it leaves behind."""

import errno
import faulthandler
import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import thread as pools
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from course.grader import processes
from course.grader.result import Check

NAMED = 3  # of what an answer left running
GRACE = 0.3  # seconds in which what is about to end may end
BUSY = 20  # deadlines after which a machine is too busy for a check
PRINTED = 1 << 20  # bytes that a check may print

CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.truncate"}

Tell = Callable[[dict[str, Any]], None]


def teller(descriptor: int, secret: str) -> Tell:
    """Send lines of JSON; an answer can neither forge nor replace them."""
    dumps, write = json.dumps, os.write

    def tell(said: dict[str, Any]) -> None:
        data = f"{secret}{dumps(said, default=str)}\n".encode()
        with suppress(BrokenPipeError):  # nobody listens now
            while data:
                data = data[write(descriptor, data) :]

    return tell


def told(line: bytes, secret: str) -> dict[str, Any]:
    """Read such a line; what has not the secret is an answer's own."""
    if not line.startswith(secret.encode()):
        return {}
    try:
        said = json.loads(line[len(secret) :])
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def run_check(suite: Any, order: dict[str, Any], tell: Tell) -> None:
    """Run it and tell how its phases ended, and what was wrong."""
    before, waited = set(threading.enumerate()), starved(os.getpid())
    protect(suite.items[order["run"]].path.parent)
    sys.breakpointhook = lambda *_, **__: _nobody_can_type(order, tell)
    phases, check = suite.run(order["run"], order["target"], tell)
    until = time.monotonic() + GRACE
    while (left := _left(before)) and time.monotonic() < until:
        time.sleep(GRACE / 20)
    for pid in processes.left_behind(os.getpid()):
        processes.end(pid)
    if left and check is None:
        said = (
            f"It left {' and '.join(left[:NAMED])} running: wait for what you"
            " start, or stop it."
        )
        check = Check("", "wrong", message=said)
    tell(
        {
            "starved": max(0.0, starved(os.getpid()) - waited),
            "phases": phases,
            "check": check and asdict(check),
        }
    )


def protect(folder: Path) -> None:
    """Refuse, in this process, whatever would change a file in there.

    The next answer is checked by these files.
    """
    inside = f"{os.path.realpath(folder)}{os.sep}"

    def refuse(event: str, arguments: Any) -> None:
        if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            paths = arguments[:1]
        elif event in CHANGES:
            paths = arguments[:2]
        else:
            return
        for path in paths:
            if isinstance(path, str | bytes | os.PathLike):
                try:
                    file = os.path.realpath(os.fsdecode(path))
                except OSError:  # the folder where it stands has gone
                    continue
                if f"{file}{os.sep}".startswith(inside):
                    said = "An answer may not change its checks"
                    raise PermissionError(errno.EACCES, said, file)

    sys.addaudithook(refuse)


def _nobody_can_type(order: dict[str, Any], tell: Tell) -> NoReturn:
    """Say of breakpoint() what it would wait for, and end this check."""
    frame = sys._getframe(2)  # noqa: SLF001 (where breakpoint() stands)
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    own = Path(order["target"]) in Path(frame.f_code.co_filename).parents
    check = Check(
        "",
        "not run",
        fault="the answer",
        message=(
            "breakpoint() waits for somebody to type, and nobody can here:"
            " take it out, then save again."
        ),
        place=place if own else "",
    )
    tell({"phases": [], "check": asdict(check)})
    os._exit(0)


def _left(before: set[threading.Thread]) -> list[str]:
    """Name what would keep a server from stopping.

    A daemon thread or an idle worker of a pool would not.
    """
    pooled = set(pools._threads_queues)  # noqa: SLF001 (no public way)
    threads = [
        f"a thread ({each.name})"
        for each in threading.enumerate()
        if each not in before and not each.daemon and each not in pooled
    ]
    commands = map(processes.command, processes.left_behind(os.getpid()))
    return threads + [f"a process ({each:.40})" for each in commands]


def starved(pid: int) -> float:
    """Return for how many seconds one of its threads got no processor.

    It is that of the thread that waited longest, where Linux counts it.
    """
    waited = [0]
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError, ValueError, IndexError):
                text = (thread / "schedstat").read_text("ascii")
                waited.append(int(text.split()[1]))
    return max(waited) / 1e9


# --- the folder and the output of a check ------------------------------------


def redirect(file: Path) -> None:
    """Send all output to a file; there is nothing to read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    printed = os.open(file, flags, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, standard in ((nothing, 0), (printed, 1), (printed, 2)):
        os.dup2(source, standard)
    os.close(printed)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # it was open before
            stream.reconfigure(
                encoding="utf-8",
                errors="backslashreplace",
                line_buffering=True,
            )


def say_where_it_stands(file: Path, deadline: float) -> None:
    """Write all stacks to a file just before the deadline, or in a crash."""
    stood = file.open("wb")  # open as long as the process lives
    faulthandler.enable(file=stood)
    early = max(deadline * 0.9, deadline - 0.5)
    faulthandler.dump_traceback_later(early, file=stood)
