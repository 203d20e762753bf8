"""One run: accept, kill half-way, start again, wait, count."""

import random
import threading
import time

from course.labs.crash.lab import Told, laboratory
from course.labs.crash.results import Row, completed_at, count, tally
from course.labs.crash.setups import Setup

PATIENCE = 120.0  # seconds until half of the tasks must be done


def run(
    setup: Setup, seed: int, tasks: int, stopped: threading.Event, told: Told
) -> Row:
    """Return what became of so many tasks; the seed moves the kill."""
    chance = random.Random(f"{setup.name} {seed}")  # noqa: S311 (no secret)
    half = tasks // 2 + chance.randint(-tasks // 20, tasks // 20)
    told("starting")
    with laboratory(setup, stopped) as lab:
        told(f"accepting {tasks} tasks")
        accepted = lab.accept(tasks)
        told(f"waiting for {half} of {tasks}")
        lab.wait_for_lines(half, PATIENCE)
        time.sleep(chance.uniform(0, min(setup.task, 0.1)))
        killed = time.time()
        lab.crash()
        before = [
            line for line in lab.lines() if float(line.split()[1]) < killed
        ]
        lab.wait_until_quiet(setup.wait, told)
        lines, rows = lab.lines(), lab.rows()
    done = count(accepted, lines)
    times = tally(done)
    ended = None if times["lost"] else completed_at(accepted, lines)
    return Row(
        engine=setup.engine,
        setup=setup.setup,
        seed=seed,
        accepted=len(accepted),
        **times,
        seconds=None if ended is None else round(max(ended - killed, 0), 1),
        waited=setup.wait,
        before=len(before),
        task=setup.task,
        done=done,
        in_database=count(accepted, rows) if rows else "",
    )
