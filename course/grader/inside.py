"""Run one check in this process, and see what it leaves behind."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import thread as pools
from typing import Any

from course.grader import processes

Order = dict[str, Any]  # key, run (a check's id), target, deadline
GRACE = 0.3  # seconds in which what is about to end may end


def run_here(
    suite: Any, order: Order, tell: Callable[[dict[str, Any]], None]
) -> None:
    """Run it and tell its reports, then what it left running."""
    before = set(threading.enumerate())
    reports = suite.run(order["run"], order["target"], tell)
    left = _left(before)
    until = time.monotonic() + GRACE
    while left and time.monotonic() < until:
        time.sleep(GRACE / 20)
        left = _left(before)
    for pid in processes.left_behind(os.getpid()):
        processes.end(pid)
    tell({"reports": reports, "left": left})


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
    pids = processes.left_behind(os.getpid())
    return threads + [f"a process ({_short(pid)})" for pid in pids]


def _short(pid: int) -> str:
    said = processes.command(pid)
    return said if len(said) <= 40 else said[:39] + "…"  # noqa: PLR2004
