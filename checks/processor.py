"""How busy a process is: of the time it could have, how much it used."""

import time
from pathlib import Path

THREADS = Path("/proc/self/task")  # only Linux has it
Times = dict[str, tuple[float, float]]


def busy(seconds: float) -> float:
    """Say which part of a processor is used in the next seconds.

    On a machine that has too much to do, even an endless loop gets a small
    part of a processor. So the time that a thread waited for one is left
    out: what counts is how much it ran of the time when it could.
    """
    before, began, used = _threads(), time.perf_counter(), time.process_time()
    time.sleep(seconds)
    passed, after = time.perf_counter() - began, _threads()
    if not after:
        return (time.process_time() - used) / passed
    parts = []
    for thread, (ran, waited) in after.items():
        ran_before, waited_before = before.get(thread, (0.0, 0.0))
        runs, waits = ran - ran_before, waited - waited_before
        parts.append(runs / max(passed - waits, runs, 1e-9))
    return sum(parts)


def _threads() -> Times:
    """Return how long each thread ran, and waited for a processor."""
    found: Times = {}
    for each in THREADS.glob("*/schedstat"):
        try:
            ran, waited, _ = each.read_text("ascii").split()
        except (OSError, ValueError):
            continue  # it ended, or this kernel does not count
        found[each.parent.name] = (int(ran) / 1e9, int(waited) / 1e9)
    return found
