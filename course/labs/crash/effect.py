"""A task whose effect nobody can take back: a line in a file."""

import os
import random
import time
from pathlib import Path


def wait_at_the_gate() -> None:
    """Let a measurement begin when all workers are awake."""
    gate = Path(os.environ["CRASH_FILE"] + ".gate")
    if not gate.exists():
        with gate.with_suffix(".waiting").open("a") as waiting:
            waiting.write(f"{os.getpid()}\n")
    while not gate.exists():
        time.sleep(0.01)


def work(email: str, message: str) -> None:
    """Take a while, then add a line: which task, when, in which process.

    Each takes a time of its own, the same in each run: tasks that all end at
    once would be killed in bunches.
    """
    assert message
    if os.environ.get("CRASH_GATE"):
        wait_at_the_gate()
    spread = float(os.environ.get("CRASH_SPREAD", "0.5"))
    own = random.Random(email).uniform(1 - spread, 1 + spread)  # noqa: S311
    time.sleep(float(os.environ["CRASH_SECONDS"]) * own)
    number = email.partition("@")[0]
    line = f"{number} {time.time():.3f} {os.getpid()}\n"
    how = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    file = os.open(os.environ["CRASH_FILE"], how)
    try:
        os.write(file, line.encode())  # one call: whole, or not at all
    finally:
        os.close(file)
