"""Run each check in a fork of its own, and let nothing of it remain."""

import fcntl
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from course.grader import processes
from course.grader.files import head, remove, room_problem, size
from course.grader.run_check import (
    BUSY,
    PRINTED,
    redirect,
    run_check,
    say_where_it_stands,
    starved,
)

WRITTEN = 1 << 26  # bytes of any file of its own
ADDRESSED = 1 << 32  # bytes of memory
REPORTED = 1 << 23  # bytes of its reports
MUCH = 200  # folders of a check; more are removed when all is over
TICK = 0.05  # seconds between two looks at clock and output
SAYS = {"phase", "phases", "check", "raised", "machine", "starved"}


@dataclass
class Running:
    """A check in its fork, as its parent sees it."""

    key: str
    pid: int
    read: int
    folder: Path
    began: float
    deadline: float
    handle: int  # becomes readable when the process is over
    heard: bytearray = field(default_factory=bytearray)
    cut: str = ""  # why it was ended
    starved: float = 0.0


class Forks:
    """The checks that run at this moment."""

    def __init__(self, suite: Any, scratch: Path, ours: list[int]) -> None:
        self.suite, self.scratch = suite, scratch
        self.live: dict[int, Running] = {}
        self.ours = ours  # descriptors that no fork may hold

    def start(self, order: dict[str, Any]) -> None:
        """Fork and run the check there; an OSError is the machine's fault."""
        self.scratch.mkdir(parents=True, exist_ok=True)  # a cleaner was there
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        read, write = os.pipe()
        fcntl.fcntl(read, fcntl.F_SETFL, os.O_NONBLOCK)
        pid = os.fork()
        if pid == 0:
            foreign = [each.read for each in self.live.values()]
            foreign += [each.handle for each in self.live.values()]
            _be_the_fork(
                [*foreign, *self.ours],
                lambda tell: run_check(self.suite, order, tell),
                (write, folder, order["deadline"]),
            )
        os.close(write)
        now, handle = time.monotonic(), os.pidfd_open(pid)
        self.live[pid] = Running(
            order["key"], pid, read, folder, now, order["deadline"], handle
        )

    def wait(self, also: list[int]) -> tuple[list[dict[str, Any]], bool]:
        """Wait a little; return what is over, and whether `also` speaks."""
        watched = [*also]
        for each in self.live.values():
            watched += [each.read, each.handle]
        tick = TICK if self.live else None
        ready, _, _ = select.select(watched, [], [], tick)
        over = []
        for each in list(self.live.values()):
            if each.read in ready:
                _hear(each)
            _watch(each)
            if each.handle in ready or each.cut:
                over.append(self._finish(each))
        return over, any(descriptor in ready for descriptor in also)

    def end_all(self) -> None:
        """Kill what runs; nothing is reported."""
        for each in list(self.live.values()):
            self._finish(each)

    def _finish(self, each: Running) -> dict[str, Any]:
        each.starved = starved(each.pid)  # before nobody knows it any more
        if each.cut or not select.select([each.handle], [], [], 0)[0]:
            processes.end(each.pid)
        _, status = os.waitpid(each.pid, 0)
        del self.live[each.pid]
        processes.end_orphans(set(self.live))
        _hear(each)
        os.close(each.read)
        os.close(each.handle)
        outcome = {
            "starved": each.starved,
            **_parsed(bytes(each.heard)),
            "key": each.key,
            "seconds": time.monotonic() - each.began,
            "cut": each.cut,
            "status": os.waitstatus_to_exitcode(status),
            "stood": head(each.folder / "stood"),
            "printed": head(each.folder / "printed"),
        }
        if outcome.get("check") or "phases" not in outcome:
            problem = room_problem(self.scratch)
            if problem:
                outcome["machine"] = problem
        outcome["gone"] = not each.folder.exists()
        remove(each.folder, MUCH)
        return outcome


def _hear(each: Running) -> None:
    """Take what the fork has said so far."""
    while len(each.heard) <= REPORTED:
        try:
            part = os.read(each.read, 1 << 16)
        except BlockingIOError:
            return
        if not part:
            return
        each.heard += part
    each.cut = each.cut or "long"


def _watch(each: Running) -> None:
    """End a fork that is late, or that prints without measure.

    While it waits for a processor, on a busy machine, its clock stands.
    """
    took = time.monotonic() - each.began
    if took > each.deadline and took - starved(each.pid) > each.deadline:
        each.cut = each.cut or "late"
    elif took > each.deadline * BUSY:
        each.cut = each.cut or "busy"
    if size(each.folder / "printed") > PRINTED:
        each.cut = each.cut or "flood"


def _parsed(heard: bytes) -> dict[str, Any]:
    """Read the lines of a fork; what is no JSON is no line."""
    found: dict[str, Any] = {}
    for line in heard.splitlines():
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            found |= {key: said[key] for key in SAYS & set(said)}
    return found


def _be_the_fork(
    foreign: list[int],
    run: Callable[[Callable[[dict[str, Any]], None]], None],
    given: tuple[int, Path, float],
) -> NoReturn:
    """Make it a place of its own, run, and leave at once."""
    write, folder, deadline = given
    dumps, write_bytes = json.dumps, os.write
    leave = os._exit

    def tell(said: dict[str, Any]) -> None:
        data = dumps(said, default=str).encode() + b"\n"
        while data:
            data = data[write_bytes(write, data) :]

    try:
        os.setsid()
        processes.adopt_orphans()
        for descriptor in foreign:
            os.close(descriptor)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSED, ADDRESSED))
        try:
            redirect(folder / "printed")
            say_where_it_stands(folder / "stood", deadline)
            (folder / "cwd").mkdir()
            os.chdir(folder / "cwd")
        except OSError as error:
            tell({"machine": f"The temporary folder: {error}"})
            leave(0)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)  # of tmp_path
        run(tell)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 (told, whatever it is)
        tell({"raised": f"{type(error).__name__}: {error}"})
    finally:
        leave(0)
