"""Compare what a queue costs: handing a task over, and doing it.

Everything is a ratio to BackgroundTasks (stage 5), or to the bare engine
with the same INSERT and commit by hand. The tasks do nothing but add a line
to a file, which is what tells how many are done in a second.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from course.broker import NoBrokerError, broker
from course.folders import ROOT
from course.labs.bench import Ratio
from course.labs.crash.lab import Lab, LabError, laboratory
from course.labs.crash.picture import called
from course.labs.crash.setups import ALL, PYTHON, Setup
from course.labs.load import ask

GOAL = 1.05
MANY = {"RQ": 100}  # a process for each task takes its time
FIRST = ALL[0]  # what all others are compared with
NOTES = """\
In brackets, between which ratios half of the rounds lay. Handing over is \
measured over HTTP, one request after the other, with no worker running; \
stage 6 has its own tasks to do beside it. The stages commit a row for each \
task, which BackgroundTasks as in stage 5 do not. Tasks a second are those \
that one and two workers do, each with the processes that it starts by \
default, from a queue that is full; BackgroundTasks and \
stage 6 do theirs while they are posted."""


def idle(setup: Setup) -> Setup:
    """Return a setup whose tasks take no time."""
    return replace(setup, task=0)


@contextmanager
def handing_over(setups: Sequence[Setup]) -> Iterator[dict[str, Lab]]:
    """Serve them all, with no worker."""
    with ExitStack() as stack:
        stopped = threading.Event()
        yield {
            setup.name: stack.enter_context(
                laboratory(idle(setup), stopped, worker=False)
            )
            for setup in setups
        }


def latencies(
    setups: Sequence[Setup], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Return the seconds until a task is accepted, for each round."""
    times: dict[str, list[float]] = {setup.name: [] for setup in setups}
    path = "/send-notification/1@example.com"
    with handing_over(setups) as labs:
        for number in range(-1, rounds):  # the first one warms up
            turn = number % len(labs)
            names = [*labs][turn:] + [*labs][:turn]
            for name in names:
                speed = asyncio.run(ask(labs[name].port, path, seconds, 1))
                if number >= 0:
                    times[name].append(1 / speed)
    return times


def throughput(setup: Setup, workers: int, tasks: int) -> float:
    """Return how many tasks a second so many workers do."""
    stopped = threading.Event()
    with laboratory(idle(setup), stopped, worker=False) as lab:
        lab.accept(tasks, at_once=10)
        for _ in range(workers):
            lab.start_worker()
        lab.wait_for_lines(tasks, 120)
        at = sorted(float(line.split()[1]) for line in lab.lines())[:tasks]
    # The first tenth is left out: not all workers are awake.
    begun = at[tasks // 10 :]
    return (len(begun) - 1) / (begun[-1] - begun[0])


def by_hand(engine: str, rounds: int, calls: int) -> Ratio:
    """Compare our `enqueue` with the bare engine, in a process of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        broker(Path(folder, "broker")) as url,
    ):
        done = subprocess.run(
            [*PYTHON, "course.labs.by_hand", engine, str(rounds), str(calls)],
            cwd=ROOT,
            env=os.environ
            | {"DATA_DIR": folder, "REDIS_URL": url, "DATABASE_URL": ""},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    ours, bare = (
        [float(word) for word in line.split()]
        for line in done.stdout.splitlines()
    )
    return Ratio.of(ours, bare)


def verdict(ratio: Ratio) -> str:
    """Say whether our `enqueue` takes no longer than the goal allows."""
    return ratio.verdict(GOAL, met=ratio.median <= GOAL)


def measure(asked: argparse.Namespace, progress: Progress) -> list[Table]:
    """Measure all of it."""
    bar = progress.add_task(
        "handing over", total=len(ALL) * 2 * asked.runs + 4
    )
    times = latencies(ALL, asked.rounds, asked.seconds)
    progress.advance(bar)
    speeds: dict[tuple[str, int], float] = {}
    for setup in ALL:
        for workers in (1, 2) if setup.worker else (1,):
            progress.update(bar, description=f"{setup.name}, {workers}")
            tasks = MANY.get(setup.engine, asked.tasks)
            speeds[setup.name, workers] = statistics.median(
                throughput(setup, workers, tasks) for _ in range(asked.runs)
            )
            progress.advance(bar, asked.runs)
    bare = {}
    for engine in ("Celery", "RQ", "Taskiq"):
        progress.update(bar, description=f"{engine} by hand")
        bare[engine] = by_hand(engine, asked.rounds, 20)
        progress.advance(bar)
    return [costs(times, speeds), enqueueing(bare)]


def costs(
    times: dict[str, list[float]], speeds: dict[tuple[str, int], float]
) -> Table:
    """Return the table of all that is compared with BackgroundTasks."""
    table = Table(title="BackgroundTasks are 1", box=box.SIMPLE_HEAD)
    for heading in ("", "handing over takes", "tasks/s, 1 worker", "2"):
        table.add_column(heading)
    base = speeds[FIRST.name, 1]
    for setup in ALL:
        own = [speeds.get((setup.name, n)) for n in (1, 2)]
        table.add_row(
            called(setup),
            str(Ratio.of(times[setup.name], times[FIRST.name])),
            *(f"{each / base:.2f}" if each else "" for each in own),
        )
    wait = statistics.median(times[FIRST.name]) * 1000
    table.caption = f"BackgroundTasks: {wait:.2f} ms, {base:.0f} tasks/s"
    return table


def enqueueing(bare: dict[str, Ratio]) -> Table:
    """Return the table of our `enqueue` and the same by hand."""
    table = Table(
        title="enqueue, to the bare engine with INSERT and commit by hand",
        box=box.SIMPLE_HEAD,
    )
    for heading in ("engine", "takes", "goal"):
        table.add_column(heading)
    for engine, ratio in bare.items():
        table.add_row(engine, str(ratio), verdict(ratio))
    return table


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=40, help="of handing over (40)")
    add("--seconds", type=float, default=0.2, help="in a round, each (0.2)")
    add("--runs", type=int, default=3, help="of doing tasks (3)")
    add("--tasks", type=int, default=400, help="in such a run (400)")
    asked = parser.parse_args(arguments)
    if min(asked.rounds, asked.runs, asked.seconds) <= 0 or asked.tasks < 20:  # noqa: PLR2004
        parser.error("a measurement takes time")
    return asked


def main() -> None:
    """Measure, and show the tables; progress goes to stderr."""
    asked = parse()
    bar = Progress(console=Console(stderr=True), transient=True)
    try:
        with bar as progress:
            tables = measure(asked, progress)
    except (LabError, NoBrokerError) as error:
        sys.exit(f"It could not run.\n{error}")
    console = Console()
    for table in tables:
        console.print(table)
    console.print(NOTES)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped.")
