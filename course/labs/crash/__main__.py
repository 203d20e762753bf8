"""Kill what runs the tasks half-way, and count what became of them.

python3 start.py crash celery rq --kill worker --seeds 5 --json out.json
python3 start.py crash chaos celery
"""

import argparse
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from course.labs.crash import chaos, picture
from course.labs.crash.lab import LabError, Told
from course.labs.crash.results import Report, Row
from course.labs.crash.setups import ALL, ENGINES, Kill, Setup
from course.labs.crash.trial import run
from course.processes import NoServerError
from course.typed import Parser

FEWEST = 10  # half of them, give or take
KILLS = get_args(Kill)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser("crash", description=__doc__)
    names = {engine.lower(): engine for engine in ENGINES}
    parser.add_argument(
        "engines",
        nargs="*",
        type=str.lower,
        metavar="ENGINE",
        help=f"{', '.join(names)}; all of these if none is named",
    )
    add = parser.add_argument
    add(
        "--kill",
        action="append",
        choices=[*KILLS, "all"],
        help="what is killed (worker); all: seeds are the worker's alone",
    )
    add("--seeds", type=int, default=1, help="how many runs of each (1)")
    add("--tasks", type=int, default=200, help="how many in a run (200)")
    add("--setup", choices=["installed", "course"], help="only these")
    add("--wait", type=float, help="seconds without a line, then it is lost")
    add("--json", type=Path, metavar="FILE", help="write all of it there")
    add("--svg", type=Path, metavar="FILE", help="draw the first runs")
    add(
        "--at-once",
        type=int,
        default=4,
        help="runs beside each other, most of which is waiting (4)",
    )
    asked = parser.parse_args(arguments)
    if wrong := set(asked.engines) - {*names}:
        parser.error(f"there is no {wrong.pop()}: {', '.join(names)}")
    if asked.seeds < 1 or asked.tasks < FEWEST or asked.at_once < 1:
        parser.error(f"at least one run, of at least {FEWEST} tasks")
    kills = asked.kill or ["worker"]
    every = "all" in kills  # then the seeds are the worker's
    asked.trials = [
        (setup.within(asked.wait), kill, seed)
        for seed in range(1, asked.seeds + 1)
        for kill in (KILLS if every else kills)
        if seed == 1 or not every or kill == "worker"
        for setup in ALL
        if not asked.engines or setup.engine.lower() in asked.engines
        if asked.setup in {None, setup.setup} and kill in setup.kills()
    ]
    return asked


class Runs:
    """The runs, some at a time, with a line of progress for each."""

    def __init__(self, progress: Progress, at_once: int) -> None:
        self.progress = progress
        self.pool = ThreadPoolExecutor(at_once)
        self.stopped = threading.Event()
        self.failed = 0

    def begin(self, name: str, job: Callable[[Told], Row]) -> Future[Row]:
        """Let a job run when there is room for it."""

        def work() -> Row:
            line = self.progress.add_task(name, doing="")
            try:
                return job(
                    lambda doing: self.progress.update(line, doing=doing)
                )
            finally:
                self.progress.remove_task(line)
                if not self.progress.console.is_terminal:
                    self.progress.console.print(f"{name} has ended")

        return self.pool.submit(work)

    def end(self) -> None:
        """Stop what still runs, and let it clear up."""
        self.stopped.set()
        self.pool.shutdown(cancel_futures=True)


def make(asked: argparse.Namespace, runs: Runs) -> Report:
    """Run all that is asked for."""

    def trial(setup: Setup, kill: Kill, seed: int) -> Future[Row]:
        return runs.begin(
            f"{setup.name} · {kill} killed · seed {seed}",
            lambda told: run(
                setup, kill, seed, asked.tasks, runs.stopped, told
            ),
        )

    rows = []
    for future in [trial(*one) for one in asked.trials]:
        try:
            rows.append(future.result())
        except LabError as error:
            if runs.stopped.is_set():
                raise
            print(f"A run failed. {error}", file=sys.stderr)
            runs.failed += 1
    return Report(asked.tasks, rows)


def show(report: Report, console: Console) -> None:
    """Print the table and the picture."""
    console.print(picture.table(report))
    console.print(picture.in_database(report.rows))
    for runs in picture.grouped(report.rows).values():
        row = runs[0]
        words = picture.in_words(row)
        console.print(f"\n{picture.called(row)}, {row.kill} killed: {words}")
        console.print(picture.drawn(row))


def main() -> None:
    """Make the experiments that are asked for; Ctrl-C ends them."""
    if sys.argv[1:2] == ["chaos"]:
        chaos.main(sys.argv[2:])
        return
    asked = parse()
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    told = TextColumn("[dim]{task.fields[doing]}")
    errors = Console(stderr=True)
    with Progress(*columns, told, console=errors, transient=True) as progress:
        runs = Runs(progress, asked.at_once)
        try:
            report = make(asked, runs)
        except (LabError, NoServerError) as error:
            sys.exit(f"It could not run.\n{error}")
        except KeyboardInterrupt:
            sys.exit("Stopped.")
        finally:
            runs.end()
    if asked.json:
        asked.json.write_text(report.to_json(), "utf-8")
    if asked.svg:
        asked.svg.write_text(picture.svg(report.rows) + "\n", "utf-8")
    show(report, Console(highlight=False))
    if runs.failed:
        sys.exit(f"{runs.failed} of the runs failed: see above.")


if __name__ == "__main__":
    main()
