"""Kill everything in turn while clients post, and count what is left.

Many clients post to several web processes, and several workers do the tasks,
on PostgreSQL. Each process is killed (kill -9) once, the broker and the
database too, and started again. Then nothing that was accepted may be lost,
and each effect in the database is there once.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from course.labs.crash.lab import Lab, LabError, Posts, Told, laboratory
from course.labs.crash.results import completed_at
from course.labs.crash.setups import ALL, Setup
from course.processes import NoServerError
from course.typed import Parser

STAGES = {
    setup.engine.lower(): setup
    for setup in ALL
    if setup.stage and setup.worker  # a web process alone loses its tasks
}


@dataclass(frozen=True)
class Plan:
    """How many of each there are."""

    tasks: int = 2000
    clients: int = 50
    apps: int = 2
    workers: int = 3
    seconds: float = 0.02  # that a task takes


@dataclass(frozen=True)
class Outcome:
    """What became of the tasks of one engine."""

    engine: str
    accepted: int
    cut: int
    refused: int
    lost: int
    twice: int  # the line in the file, which no transaction takes back
    lost_in_database: int
    twice_in_database: int
    seconds: float | None  # from the last kill until all were done
    left: dict[str, int]


def kills(lab: Lab, plan: Plan) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name what is killed, one after the other."""
    for number in range(plan.workers):
        yield f"worker {number + 1}", lab.restart_worker
    for number in range(plan.apps):
        yield f"web process {number + 1}", lab.restart_app
    if lab.broker:
        yield "the broker", lab.restart_broker
    yield "the database", lab.restart_database


def run(
    setup: Setup, plan: Plan, stopped: threading.Event, told: Told
) -> Outcome:
    """Post, kill in turn, wait, count."""
    with laboratory(
        setup,
        stopped,
        postgresql=True,
        apps=plan.apps,
        workers=plan.workers,
        settings={"CRASH_SECONDS": str(plan.seconds)},
    ) as lab:
        posts, victims = Posts(), [*kills(lab, plan)]
        portion = plan.tasks // (len(victims) + 1)
        lab.released = 0
        with ThreadPoolExecutor(1) as thread:
            posting = thread.submit(
                asyncio.run, lab.post_all(plan.tasks, plan.clients, posts)
            )
            try:
                for name, kill in victims:  # each in the middle of requests
                    count = answers(posts) + portion // 4
                    lab.released += portion
                    wait_for_answers(lab, posts, count)
                    told(f"killing {name} after {answers(posts)} answers")
                    killed = time.time()
                    kill()
            finally:
                lab.released = plan.tasks
            posting.result()
        left = lab.wait_until_idle(told)
        lines, rows = lab.lines(), lab.rows()
    done = Counter(line.split()[0] for line in lines)
    stored = Counter(rows)
    lost = [number for number in posts.accepted if number not in done]
    ended = None if lost else completed_at(posts.accepted, lines)
    return Outcome(
        engine=setup.engine,
        accepted=len(posts.accepted),
        cut=len(posts.cut),
        refused=len(posts.refused),
        lost=len(lost),
        twice=sum(times > 1 for times in done.values()),
        lost_in_database=len({*posts.accepted} - {*stored}),
        twice_in_database=sum(times > 1 for times in stored.values()),
        seconds=None if ended is None else round(max(ended - killed, 0), 1),
        left=left,
    )


def answers(posts: Posts) -> int:
    """Return how many requests have ended, well or not."""
    return len(posts.accepted) + len(posts.cut) + len(posts.refused)


def wait_for_answers(lab: Lab, posts: Posts, count: int) -> None:
    """Wait for so many answers."""
    for _ in lab.polls(600, f"there were never {count} answers"):
        if answers(posts) >= count:
            return


def table(outcomes: list[Outcome]) -> Table:
    """Return what became of the tasks of each engine."""
    shown = Table(title="Everything killed in turn")
    for heading in (
        *("engine", "accepted", "cut", "503", "lost", "twice"),
        *("lost in the database", "twice there", "complete after"),
    ):
        shown.add_column(heading, justify="right")
    for outcome in outcomes:
        seconds = outcome.seconds
        values = (
            *(outcome.accepted, outcome.cut, outcome.refused),
            *(outcome.lost, outcome.twice, outcome.lost_in_database),
            outcome.twice_in_database,
            "never" if seconds is None else f"{seconds:g} s",
        )
        shown.add_row(outcome.engine, *map(str, values))
    return shown


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    plan = Plan()
    parser = Parser("crash chaos", description=__doc__)
    add = parser.add_argument
    add(
        "engines",
        nargs="*",
        type=str.lower,
        metavar="ENGINE",
        help=f"{', '.join(STAGES)}; all of these if none is named",
    )
    add("--tasks", type=int, default=plan.tasks)
    add("--clients", type=int, default=plan.clients)
    add("--apps", type=int, default=plan.apps)
    add("--workers", type=int, default=plan.workers)
    add("--seconds", type=float, default=plan.seconds, help="for a task")
    asked = parser.parse_args(arguments)
    if wrong := set(asked.engines) - {*STAGES}:
        parser.error(f"there is no {wrong.pop()}: {', '.join(STAGES)}")
    return asked


def main(arguments: list[str]) -> None:
    """Let it happen to one engine after the other; Ctrl-C ends it."""
    asked = parse(arguments)
    errors = Console(stderr=True, highlight=False)
    numbers = {**vars(asked)}
    engines = numbers.pop("engines") or STAGES
    stopped = threading.Event()
    outcomes = []
    try:
        for engine in engines:
            errors.print(engine)
            plan = Plan(**numbers)
            outcome = run(STAGES[engine], plan, stopped, show(errors))
            errors.print(outcome)
            outcomes.append(outcome)
    except (LabError, NoServerError) as error:
        sys.exit(f"It could not run.\n{error}")
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    finally:
        Console(highlight=False).print(table(outcomes))


def show(console: Console) -> Told:
    """Print what happens, at most every five seconds but for the kills."""
    last = 0.0

    def tell(text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if text.startswith("killing") or now - last > 5:  # noqa: PLR2004
            last = now
            console.print(f"  {text}")

    return tell
