"""Find and end every process that an answer left, where Linux lets us.

A process that calls setsid() leaves its group, and one whose parent died is
handed up. A "subreaper" gets those, so nothing escapes its list of children.
"""

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

LINUX = sys.platform == "linux"
DUMPABLE, SUBREAPER = 4, 36  # PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER
# helpers of Python's own, which end when their owner does
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
ADOPTER: set[int] = set()  # this process, once it asked for orphans
PRCTL = ctypes.CDLL(None).prctl if LINUX else None


def adopt_orphans() -> None:
    """Have orphans below this process handed to it, not to the system."""
    if PRCTL is not None:
        PRCTL(SUBREAPER, 1, 0, 0, 0)
        ADOPTER.add(os.getpid())


def hide(*, hidden: bool = True) -> None:
    """Keep this user's other processes out of our files and memory, or not.

    Otherwise an answer could write into the grader's output, by /proc.
    """
    if PRCTL is not None:
        PRCTL(DUMPABLE, int(not hidden), 0, 0, 0)


def children(pid: int) -> list[int]:
    """List the processes whose parent is this one; ended ones are not."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # an answer may leave no file to open
        for thread in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # it has just ended
                found.extend(map(int, thread.read_text("ascii").split()))
    return [child for child in found if _lives(child)]


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] not in {b"Z", b"X"}


def command(pid: int) -> str:
    """Say what a process runs."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "?"
    return raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()


def left_behind(pid: int) -> list[int]:
    """List the children of a process that ought to have none by now."""
    return [
        child
        for child in children(pid)
        if not any(helper in command(child) for helper in HELPERS)
    ]


def end(pid: int) -> None:
    """Kill a process and all below it; stopped first, it can't flee."""
    _signal(pid, signal.SIGSTOP)
    for child in children(pid):
        end(child)
    with contextlib.suppress(OSError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
    _signal(pid, signal.SIGKILL)


def end_orphans(known: set[int]) -> None:
    """Kill the children of this process that nobody here has started."""
    if os.getpid() not in ADOPTER:  # then all its children are its own
        return
    for _ in range(100):  # each that dies may hand up its own
        strange = [pid for pid in children(os.getpid()) if pid not in known]
        if not strange:
            return
        for pid in strange:
            end(pid)
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
