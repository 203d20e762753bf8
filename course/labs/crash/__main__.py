"""Kill what runs the tasks half-way, and count what became of them.

python3 start.py crash celery --seeds 5 --json out.json
"""

import argparse
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from course.broker import NoBrokerError
from course.labs.crash import others, picture
from course.labs.crash.lab import LabError, Told
from course.labs.crash.results import Report, Row
from course.labs.crash.setups import ALL, ENGINES, Setup
from course.labs.crash.trial import run
from course.typed import Parser

OTHERS: dict[str, Callable[[threading.Event, Told], list[dict[str, Any]]]] = {
    "broker": others.broker_killed,
    "visibility": others.short_visibility,
    "waiting": others.slow_tasks,
}
FEWEST = 10  # half of them, give or take


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser("crash", description=__doc__)
    names = {engine.lower(): engine for engine in ENGINES}
    parser.add_argument(
        "engines",
        nargs="*",
        type=str.lower,
        metavar="ENGINE",
        help=f"{', '.join([*names, *OTHERS])}; all of these if none is named",
    )
    add = parser.add_argument
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
    if wrong := set(asked.engines) - {*names, *OTHERS}:
        parser.error(f"there is no {wrong.pop()}: {', '.join(names)}")
    if asked.seeds < 1 or asked.tasks < FEWEST or asked.at_once < 1:
        parser.error(f"at least one run, of at least {FEWEST} tasks")
    every = [*names, *OTHERS] if not asked.engines else asked.engines
    asked.setups = [
        setup.within(asked.wait)
        for setup in ALL
        if setup.engine.lower() in every and asked.setup in {None, setup.setup}
    ]
    asked.others = [name for name in OTHERS if name in every]
    return asked


class Desk:
    """The runs, some at a time, with a line of progress for each."""

    def __init__(self, progress: Progress, at_once: int) -> None:
        self.progress = progress
        self.pool = ThreadPoolExecutor(at_once)
        self.stopped = threading.Event()
        self.begun: list[Future[Any]] = []

    def begin(self, name: str, job: Callable[[Told], Any]) -> Future[Any]:
        """Let a job run when there is room for it."""

        def work() -> Any:
            line = self.progress.add_task(name, doing="")
            try:
                return job(
                    lambda doing: self.progress.update(line, doing=doing)
                )
            finally:
                self.progress.remove_task(line)
                if not self.progress.console.is_terminal:
                    self.progress.console.print(f"{name} has ended")

        future = self.pool.submit(work)
        self.begun.append(future)
        return future

    def end(self) -> None:
        """Stop what still runs, and let it clear up."""
        self.stopped.set()
        self.pool.shutdown(cancel_futures=True)


def make(asked: argparse.Namespace, desk: Desk) -> Report:
    """Run all that is asked for."""

    def trial(setup: Setup, seed: int) -> Future[Row]:
        name = f"{setup.name} · seed {seed}"
        return desk.begin(
            name,
            lambda told: run(setup, seed, asked.tasks, desk.stopped, told),
        )

    def other(name: str) -> Future[list[dict[str, Any]]]:
        job = OTHERS[name]
        return desk.begin(name, lambda told: job(desk.stopped, told))

    runs = [
        trial(setup, seed)
        for seed in range(1, asked.seeds + 1)
        for setup in asked.setups
    ]
    more = {name: other(name) for name in asked.others}
    rows = [future.result() for future in runs]
    rest = {name: future.result() for name, future in more.items()}
    return Report(
        asked.tasks,
        rows,
        rest.get("broker", []),
        rest.get("visibility", []),
        rest.get("waiting", []),
    )


def show(report: Report, console: Console) -> None:
    """Print the table, the picture, and what else was tried."""
    if report.rows:
        console.print(picture.table(report))
        console.print(picture.in_database(report.rows))
    for runs in picture.grouped(report.rows).values():
        row = runs[0]
        said = picture.in_words(row)
        console.print(f"\n{picture.called(row)}: {said}")
        console.print(picture.drawn(row))
    for one in report.broker:
        kept = "with its file" if one["append_only"] else "without a file"
        console.print(
            f"{one['engine']}, {picture.WORDS[one['setup']]}, broker killed"
            f" {kept}: {one['lost']} of {one['accepted']} lost"
        )
    for one in report.visibility:
        console.print(
            f"{one['engine']}, timeout {one['timeout']} s, tasks of"
            f" {one['task']:g} s: {one['accepted']} tasks ran"
            f" {one['runs']} times, one of them {one['most']} times"
        )
    for one in report.waiting:
        console.print(
            f"{one['engine']}, {one['slow']} tasks of {one['task']:g} s: one"
            f" more request waits {one['behind'] * 1000:.0f} ms, else"
            f" {one['idle'] * 1000:.0f} ms"
        )


def main() -> None:
    """Make the experiments that are asked for; Ctrl-C ends them."""
    asked = parse()
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    told = TextColumn("[dim]{task.fields[doing]}")
    errors = Console(stderr=True)
    with Progress(*columns, told, console=errors, transient=True) as progress:
        desk = Desk(progress, asked.at_once)
        try:
            report = make(asked, desk)
        except (LabError, NoBrokerError) as error:
            sys.exit(f"It could not run.\n{error}")
        except KeyboardInterrupt:
            sys.exit("Stopped.")
        finally:
            desk.end()
    if asked.json:
        asked.json.write_text(report.to_json(), "utf-8")
    if asked.svg:
        asked.svg.write_text(picture.svg(report.rows) + "\n", "utf-8")
    show(report, Console(highlight=False))


if __name__ == "__main__":
    main()
