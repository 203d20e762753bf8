"""Compare what a queue costs: handing a task over, and doing it.

Each stage stands beside the same engine with the same statements and commits
written by hand, and beside the shortest application that has a row for each
task. The tasks only add a line to a file, which tells when each was done.
"""

import argparse
import asyncio
import json
import statistics
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import psutil
import sqlalchemy as sa
from rich import box
from rich.console import Console
from rich.table import Table

from course.labs.bench import Ratio
from course.labs.crash.lab import Lab, LabError, laboratory
from course.labs.crash.results import versions
from course.labs.crash.setups import ALL, ENGINES, PYTHON, Setup
from course.labs.load import NotServedError, ask
from course.processes import NoServerError, Program
from course.typed import Parser

DATABASES = ("sqlite", "postgresql")
FASTER, CHEAPER = 0.95, 1.25  # the goals: tasks/s by hand, CPU of the shortest
FEWEST = 20
QUIET = {
    "CRASH_LINE_ONLY": "yes",
    "CRASH_SECONDS": "0",
    "TASK_MAX_WAITING": "1000000",
    "TASK_TIME_LIMIT": "120",
}
AWAKE = 20  # seconds: one worker may have taken all, and left the others none
NOTES = """\
In brackets, between which ratios half of the rounds lay. Handing over is \
measured over HTTP, one request after the other, with no worker running. \
Tasks a second are those of workers with the processes or threads that each \
starts by itself, from a queue that is full; BackgroundTasks (stage 6) do \
theirs while they are posted. CPU is that of all processes of the web \
application or of the workers, user and system."""


@dataclass(frozen=True)
class Variant:
    """An application that is measured, and its settings."""

    name: str
    setup: Setup
    settings: Mapping[str, str] = field(default_factory=dict)


def variants(engine: str) -> dict[str, Variant]:
    """Return the engine as installed, its stage, and the stage by hand."""
    installed, stage = (
        next(
            (one for one in ALL if (one.engine, one.setup) == (engine, setup)),
            None,
        )
        for setup in ("installed", "course")
    )
    assert installed
    found = [Variant("installed", installed)]
    if stage:
        program = (*PYTHON, "course.labs.by_hand")
        worker = program if stage.worker else ()
        by_hand = replace(stage, app=program[-1], worker=worker)
        found += [
            Variant("stage", stage),
            Variant("by hand", by_hand, {"BY_HAND": "same"}),
            Variant("shortest", by_hand, {"BY_HAND": "shortest"}),
        ]
    return {variant.name: variant for variant in found}


def cpu(programs: Sequence[Program]) -> float:
    """Return the CPU seconds of programs and of all that they forked."""
    used = 0.0
    for program in programs:
        for process in family(program):
            try:
                used += sum(process.cpu_times()[:4])  # children that ended
            except psutil.NoSuchProcess:
                continue
    return used


@dataclass
class HandOver:
    """What it costs to post a task."""

    seconds: list[float] = field(default_factory=list)  # for each round
    posts: float = 0
    cpu: float = 0

    @property
    def cpu_each(self) -> float:
        """The CPU seconds of the web process for one request."""
        return self.cpu / self.posts


def hand_over(
    chosen: Sequence[Variant], database: str, rounds: int, seconds: float
) -> dict[str, HandOver]:
    """Post to each variant in turn, round after round."""
    path = "/send-notification/1@example.com"
    stopped = threading.Event()
    with ExitStack() as stack:
        labs = {
            variant.name: stack.enter_context(
                laboratory(
                    variant.setup,
                    stopped,
                    postgresql=database == "postgresql",
                    workers=0,
                    settings={**QUIET, **variant.settings},
                )
            )
            for variant in chosen
        }
        costs = {name: HandOver() for name in labs}
        for number in range(-1, rounds):  # the first one warms up
            turn = number % len(labs)
            for name in [*labs][turn:] + [*labs][:turn]:
                ((port, app),) = labs[name].apps.items()
                before = cpu([app])
                speed = asyncio.run(ask(port, path, seconds, 1))
                if number >= 0:
                    costs[name].seconds.append(1 / speed)
                    costs[name].posts += speed * seconds
                    costs[name].cpu += cpu([app]) - before
    return costs


@dataclass(frozen=True)
class Speed:
    """How fast a full queue was emptied."""

    tasks_each_second: float
    cpu_each: float  # seconds for a task
    connections: int  # to PostgreSQL, that tasks left; -1: not counted


def empty(variant: Variant, database: str, workers: int, tasks: int) -> Speed:
    """Fill a queue, let so many workers empty it, and see how fast."""
    postgresql = database == "postgresql"
    with laboratory(
        variant.setup,
        threading.Event(),
        postgresql=postgresql,
        workers=0,
        settings={**QUIET, "CRASH_GATE": "yes", **variant.settings},
    ) as lab:
        gate = lab.file.with_name(f"{lab.file.name}.gate")
        running = [*lab.apps.values()]
        if lab.has_worker:
            lab.accept(tasks, at_once=10)
            open_before = count_connections(lab) if postgresql else 0
            for _ in range(workers):
                lab.start_worker()
            running = lab.workers
            wait_until_all_are_awake(lab, gate.with_suffix(".waiting"))
        before = cpu(running)
        gate.touch()
        if not lab.has_worker:
            lab.accept(tasks, at_once=10)
        lab.wait_for_lines(tasks, 600)
        used = cpu(running) - before
        at = sorted(float(line.split()[1]) for line in lab.lines())
        connections = -1
        if postgresql and lab.has_worker:
            connections = count_connections(lab) - open_before
    begun = at[len(at) // 10 :]
    speed = (len(begun) - 1) / (begun[-1] - begun[0])
    return Speed(speed, used / tasks, connections)


def family(program: Program) -> list[psutil.Process]:
    """Return a program's process and all that it forked."""
    parent = psutil.Process(program.process.pid)
    return [parent, *parent.children(recursive=True)]


def wait_until_all_are_awake(lab: Lab, waiting: Path) -> None:
    """Wait until each worker has a task that waits for the beginning."""
    until = time.monotonic() + AWAKE
    for _ in lab.polls(600, "no worker took a task"):
        text = waiting.read_text() if waiting.exists() else ""
        taken = {int(line) for line in text.splitlines()}
        late = taken and time.monotonic() > until
        families = [{one.pid for one in family(each)} for each in lab.workers]
        if late or all(taken & pids for pids in families):
            return


def count_connections(lab: Lab) -> int:
    """Return how many connections the server has, but for our own."""
    engine = sa.create_engine(lab.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return (
            connection.scalar(
                sa.text(
                    "SELECT count(*) FROM pg_stat_activity WHERE backend_type"
                    " = 'client backend' AND pid != pg_backend_pid()"
                )
            )
            or 0
        )


@dataclass
class Result:
    """What was measured of one engine on one database."""

    engine: str
    database: str
    hand_over: dict[str, HandOver]
    speeds: dict[str, dict[int, list[Speed]]]  # by variant and workers

    def takes(self) -> Ratio:
        """Compare the stage's hand-over with that by hand."""
        costs = self.hand_over
        return Ratio.of(costs["stage"].seconds, costs["by hand"].seconds)

    def post_cpu(self) -> float:
        """Compare the stage's CPU for a request with the shortest's."""
        costs = self.hand_over
        return costs["stage"].cpu_each / costs["shortest"].cpu_each

    def task_cpu(self) -> Ratio:
        """Compare the stage's CPU for a task with the shortest's."""
        one = min(self.speeds["stage"])
        return Ratio.of(
            *(
                [speed.cpu_each for speed in self.speeds[name][one]]
                for name in ("stage", "shortest")
            )
        )

    def speed(self, name: str, workers: int) -> float:
        """Return the median of the tasks a second."""
        runs = self.speeds[name][workers]
        return statistics.median(run.tasks_each_second for run in runs)

    def does(self, workers: int) -> Ratio:
        """Compare the stage's tasks a second with those by hand."""
        return Ratio.of(
            *(
                [run.tasks_each_second for run in self.speeds[name][workers]]
                for name in ("stage", "by hand")
            )
        )


def measure(
    asked: argparse.Namespace, engine: str, database: str, console: Console
) -> Result:
    """Measure an engine on a database, all variants in turn."""
    chosen = variants(engine)
    console.print(f"{engine} on {database}: handing over")
    costs = hand_over(
        [*chosen.values()], database, asked.rounds, asked.seconds
    )
    counts = asked.workers if chosen["installed"].setup.worker else [1]
    speeds: dict[str, dict[int, list[Speed]]] = {
        name: {workers: [] for workers in counts} for name in chosen
    }
    for number in range(asked.runs):
        for workers in counts:
            console.print(f"{engine} on {database}: {workers}, run {number}")
            turn = number % len(chosen)
            for name in [*chosen][turn:] + [*chosen][:turn]:
                speeds[name][workers].append(
                    empty(chosen[name], database, workers, asked.tasks)
                )
    return Result(engine, database, costs, speeds)


def tables(results: Sequence[Result]) -> list[Table]:
    """Return what it costs to hand a task over, and to do it."""
    posts = Table(title="Handing a task over", box=box.SIMPLE_HEAD)
    for heading in (
        *("engine", "database", "installed", "stage", "to the same by hand"),
        *("CPU to the shortest", "goal"),
    ):
        posts.add_column(heading)
    tasks = Table(title="Tasks a second", box=box.SIMPLE_HEAD)
    for heading in (
        *("engine", "database", "workers", "installed", "by hand", "stage"),
        *("to the same by hand", "goal", "CPU to the shortest", "goal"),
        "connections left",
    ):
        tasks.add_column(heading)
    for result in results:
        where = (result.engine, result.database)
        median = {
            name: statistics.median(cost.seconds) * 1000
            for name, cost in result.hand_over.items()
        }
        posts.add_row(
            *where,
            f"{median['installed']:.1f} ms",
            *stage_posts(result, median),
        )
        for workers in result.speeds["installed"]:
            tasks.add_row(
                *where,
                str(workers),
                f"{result.speed('installed', workers):.0f}",
                *stage_tasks(result, workers),
            )
    return [posts, tasks]


def stage_posts(result: Result, median: Mapping[str, float]) -> list[str]:
    """Return the stage's part of a row."""
    if "stage" not in median:
        return []
    ratio = result.post_cpu()
    met = "✓ met" if ratio <= CHEAPER else "✗ missed"
    return [
        f"{median['stage']:.1f} ms",
        str(result.takes()),
        f"{ratio:.2f}",
        f"{CHEAPER} {met}",
    ]


def stage_tasks(result: Result, workers: int) -> list[str]:
    """Return the stage's part of a row."""
    if "stage" not in result.speeds:
        return []
    ratio, used = result.does(workers), result.task_cpu()
    left = result.speeds["stage"][workers][-1].connections
    return [
        f"{result.speed('by hand', workers):.0f}",
        f"{result.speed('stage', workers):.0f}",
        str(ratio),
        ratio.verdict(FASTER, met=ratio.median >= FASTER),
        str(used),
        used.verdict(CHEAPER, met=used.median <= CHEAPER),
        "" if left < 0 else str(left),
    ]


def shares(engine: str, database: str, runs: int, tasks: int) -> Table:
    """Return where a task's time goes: engine, commits, our code, disk.

    All have the stage's own settings. The engine as installed is no measure
    here: it starts another number of processes or threads.
    """
    chosen = variants(engine)
    quick = {"CRASH_NO_FSYNC": "yes"}
    tried = [
        replace(chosen["by hand"], settings={"BY_HAND": "nothing"}),
        replace(chosen["by hand"], settings={"BY_HAND": "same", **quick}),
        replace(chosen["stage"], settings=quick),
        chosen["stage"],
    ]
    times: list[list[float]] = [[] for _ in tried]
    for _ in range(runs):
        for variant, found in zip(tried, times, strict=True):
            speed = empty(variant, database, 1, tasks).tasks_each_second
            found.append(1000 / speed)
    nothing, commits, code, stage = map(statistics.median, times)
    table = Table(
        title=f"A task of {engine} on {database}, one worker",
        caption="What is less than nothing is less than the noise.",
        box=box.SIMPLE_HEAD,
    )
    for heading in ("share", "milliseconds"):
        table.add_column(heading)
    for share, milliseconds in {
        "the engine, with a task that does nothing": nothing,
        "statements and commits": commits - nothing,
        "our code": code - commits,
        "waiting for the disk": stage - code,
        "the stage, in all": stage,
    }.items():
        table.add_row(share, f"{milliseconds:.2f}")
    return table


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser("bench queues", description=__doc__)
    names = {engine.lower(): engine for engine in ENGINES}
    add = parser.add_argument
    add("engines", nargs="*", type=str.lower, metavar="ENGINE", help="or all")
    add("--database", choices=DATABASES, help="only this one")
    add("--rounds", type=int, default=40, help="of handing over (40)")
    add("--seconds", type=float, default=0.2, help="in a round, each (0.2)")
    add("--runs", type=int, default=3, help="of doing tasks (3)")
    add("--tasks", type=int, default=400, help="in such a run (400)")
    add("--workers", type=int, nargs="+", default=[1, 2, 4], help="(1 2 4)")
    add("--shares", action="store_true", help="where a task's time goes")
    add("--json", type=Path, metavar="FILE", help="write all of it there")
    asked = parser.parse_args(arguments)
    if wrong := set(asked.engines) - {*names}:
        parser.error(f"there is no {wrong.pop()}: {', '.join(names)}")
    if (
        min(asked.rounds, asked.runs, asked.seconds) <= 0
        or asked.tasks < FEWEST
    ):
        parser.error("a measurement takes time")
    asked.engines = [names[name] for name in asked.engines or names]
    return asked


def where(engine: str, asked: argparse.Namespace) -> list[str]:
    """Return the databases on which an engine is measured."""
    needs = variants(engine)["installed"].setup.postgresql
    possible = ["postgresql"] if needs else [*DATABASES]
    return [name for name in possible if asked.database in {None, name}]


def keep(results: Sequence[Result], path: Path) -> None:
    """Write what is measured so far: all of it takes a quarter of an hour."""
    report = {"versions": versions(), "results": [*map(asdict, results)]}
    path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def main() -> None:
    """Measure, and show the tables; progress goes to stderr."""
    asked = parse()
    errors = Console(stderr=True, highlight=False)
    console = Console(highlight=False)
    console.width = max(console.width, 140)  # the tables have many columns
    results = []
    try:
        for engine in asked.engines:
            for database in where(engine, asked):
                if asked.shares:
                    runs, tasks = asked.runs, asked.tasks
                    console.print(shares(engine, database, runs, tasks))
                else:
                    result = measure(asked, engine, database, errors)
                    results.append(result)
                    if asked.json:  # what is measured is kept
                        keep(results, asked.json)
    except (LabError, NoServerError, NotServedError) as error:
        sys.exit(f"It could not run.\n{error}")
    if results:
        for table in tables(results):
            console.print(table)
        console.print(NOTES)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped.")
