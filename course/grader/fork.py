"""Run each check in a fork of its own, and let nothing of it remain.

A fork copies each page of memory that it touches, which takes longer than
most checks. So some forks are made while nothing is to be done: each
rehearses, and waits for its check.
"""

import json
import os
import resource
import secrets
import select
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from course.grader import processes
from course.grader.files import head, remove, room_problem, size
from course.grader.run_check import (
    BUSY,
    PRINTED,
    Tell,
    redirect,
    run_check,
    say_where_it_stands,
    starved,
    teller,
    told,
)
from course.grader.warm_up import rehearse

WRITTEN = 1 << 26  # bytes of any file of its own
ADDRESSED = 1 << 32  # bytes of memory
REPORTED = 1 << 23  # bytes of its reports
MUCH = 200  # folders of a check; more are removed when all is over
TICK = 0.05  # seconds between two looks at clock and output
SPARE = 8  # forks that wait for a check


@dataclass
class Fork:
    """A process for one check, as its parent sees it."""

    pid: int
    line: socket.socket  # takes its order, and brings what it says
    handle: int  # becomes readable when the process is over
    folder: Path
    secret: str  # a line without it is not of the check's own
    key: str = ""
    began: float = 0.0
    deadline: float = 0.0
    waited: float = 0.0  # for a processor, before it began
    heard: bytearray = field(default_factory=bytearray)
    cut: str = ""  # why it was ended

    @property
    def starved(self) -> float:
        """For how many seconds it has got no processor."""
        return max(0.0, starved(self.pid) - self.waited)

    @property
    def over(self) -> bool:
        """Whether the process has ended."""
        return bool(select.select([self.handle], [], [], 0)[0])

    def listen(self) -> None:
        """Take what it has said so far."""
        with suppress(OSError):  # nothing is there just now, or any more
            while part := self.line.recv(1 << 16):
                self.heard += part
                if len(self.heard) > REPORTED:
                    self.cut = self.cut or "long"
                    return

    def watch(self) -> None:
        """Cut it off if it is late, or prints without measure.

        While it waits for a processor, on a busy machine, its clock stands.
        """
        took = time.monotonic() - self.began
        if took > self.deadline and took - self.starved > self.deadline:
            self.cut = self.cut or "late"
        elif took > self.deadline * BUSY:
            self.cut = self.cut or "busy"
        if size(self.folder / "printed") > PRINTED:
            self.cut = self.cut or "flood"

    def close(self) -> None:
        """Let go of all that leads to it."""
        self.line.close()
        os.close(self.handle)


class Forks:
    """The checks that run at this moment, and the forks that wait for one."""

    def __init__(self, suite: Any, scratch: Path, ours: list[int]) -> None:
        self.suite, self.scratch = suite, scratch
        self.live: dict[int, Fork] = {}
        self.spare: list[Fork] = []
        self.ours = ours  # descriptors that no fork may hold

    def start(self, order: dict[str, Any]) -> None:
        """Run the check in a fork; an OSError is the machine's fault."""
        fork = self._take()
        self.live[fork.pid] = fork
        fork.key, fork.deadline = order["key"], order["deadline"]
        fork.began, fork.waited = time.monotonic(), starved(fork.pid)
        with suppress(OSError):  # it was killed: seen soon
            fork.line.sendall(json.dumps(order).encode() + b"\n")

    def _take(self) -> Fork:
        while self.spare:
            fork = self.spare.pop(0)
            if not fork.over and fork.folder.exists():
                return fork
            self._end(fork)
        return self._made()

    def _made(self, *, spare: bool = False) -> Fork:
        self.scratch.mkdir(parents=True, exist_ok=True)  # a cleaner was there
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        line, its_line = socket.socketpair()
        secret = secrets.token_hex(8)
        pid = os.fork()
        if pid == 0:
            for each in [*self.live.values(), *self.spare]:
                each.close()
            for descriptor in self.ours:
                os.close(descriptor)
            line.close()
            tell = teller(its_line.fileno(), secret)
            _be_the_fork(self.suite, folder, its_line, tell, spare=spare)
        its_line.close()
        line.settimeout(0)
        return Fork(pid, line, os.pidfd_open(pid), folder, secret)

    def wait(self, also: list[int]) -> tuple[list[dict[str, Any]], bool]:
        """Wait a little; return what is over, and whether `also` speaks."""
        watched: list[Any] = [*also]
        for each in self.live.values():
            watched += [each.line, each.handle]
        idle = not self.live and len(self.spare) < SPARE
        tick = TICK if self.live or idle else None
        ready, _, _ = select.select(watched, [], [], tick)
        if idle and not ready:
            with suppress(OSError):
                self.spare.append(self._made(spare=True))
        over = []
        for each in list(self.live.values()):
            if each.line in ready:
                each.listen()
            each.watch()
            if each.handle in ready or each.cut:
                over.append(self._finish(each))
        return over, any(descriptor in ready for descriptor in also)

    def stop(self) -> None:
        """Kill what runs; nothing is reported."""
        for each in list(self.live.values()):
            self._end(each)
            remove(each.folder, MUCH)

    def end_all(self) -> None:
        """Kill what runs or waits."""
        self.stop()
        while self.spare:
            self._end(self.spare.pop())

    def _end(self, fork: Fork) -> int:
        """End its process, and all that it left; return its exit code."""
        if fork.cut or not fork.over:
            processes.end(fork.pid)
        _, status = os.waitpid(fork.pid, 0)
        self.live.pop(fork.pid, None)
        known = {*self.live, *(each.pid for each in self.spare)}
        processes.end_orphans(known)
        fork.listen()
        fork.close()
        return os.waitstatus_to_exitcode(status)

    def _finish(self, fork: Fork) -> dict[str, Any]:
        outcome: dict[str, Any] = {"starved": fork.starved}
        status = self._end(fork)
        for line in bytes(fork.heard).splitlines():
            outcome |= told(line, fork.secret)
        outcome |= {
            "key": fork.key,
            "seconds": time.monotonic() - fork.began,
            "cut": fork.cut,
            "status": status,
            "stood": head(fork.folder / "stood"),
            "printed": head(fork.folder / "printed"),
        }
        if outcome.get("check") or "phases" not in outcome:
            problem = room_problem(self.scratch)
            if problem:
                outcome["machine"] = problem
        outcome["gone"] = not fork.folder.exists()
        remove(fork.folder, MUCH)
        return outcome


def _be_the_fork(
    suite: Any,
    folder: Path,
    line: socket.socket,
    tell: Tell,
    *,
    spare: bool,
) -> NoReturn:
    """Make it a place of its own, run what is ordered, and leave at once."""
    leave = os._exit
    try:
        os.setsid()
        processes.adopt_orphans()
        processes.hide(hidden=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSED, ADDRESSED))
        try:
            redirect(folder / "printed")
            (folder / "cwd").mkdir()
            os.chdir(folder / "cwd")
            os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)  # of tmp_path
            if spare:
                rehearse()
            with line.makefile("rb") as orders:
                order = json.loads(orders.readline() or leave(0))
            say_where_it_stands(folder / "stood", order["deadline"])
        except OSError as error:
            tell({"machine": f"The temporary folder: {error}"})
            leave(0)
        run_check(suite, order, tell)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 (told, whatever it is)
        tell({"raised": f"{type(error).__name__}: {error}"})
    finally:
        leave(0)
