"""How long a learner waits: from a save to the verdict, beside cold pytest.

Both are measured in turn, round after round, on the solutions: `watch` with
real saves in a folder of its own, `python -m pytest checks/test_exNN_….py`
in a new process, and, once a round, `python -m course.grader` for all of them
beside the sum of the round's cold runs.
"""

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from course.folders import ROOT
from course.grader.events import Event, Events, saves
from course.grader.exercises import Course, Suite, UsageError, choose, find
from course.grader.grading import Grader, usual
from course.grader.watch import Watch
from course.labs.bench import Ratio

GOAL, WHOLE = 0.10, 0.25
# they wait for a server, a large file, idle time or many applications
WAITING = {"ex07": 0.5, "ex09": 0.5, "ex10": 0.5, "ex12": 0.5, "ex13": 0.5}
ALL = "all at once"


class BrokenError(Exception):
    """A solution is not right, so its time says nothing."""


@dataclass(frozen=True)
class Bench(Course):
    """Answers in a folder of their own, and the course's checks."""

    def suites(self) -> list[Suite]:
        """Find the course's checks, and answers here."""
        return find(ROOT / "checks", self.exercises)

    def solution(self, suite: Suite) -> Path:
        """Return the course's."""
        return ROOT / "solutions" / suite.answer.name


@dataclass
class Times:
    """Seconds, one for each round."""

    warm: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> Ratio:
        """Compare round by round."""
        return Ratio.of(self.warm, self.cold)


def measure(suites: list[Suite], rounds: int) -> dict[str, Times]:
    """Save, wait for the verdict, run cold; all exercises, in turn."""
    times = {name: Times() for name in [*(s.name for s in suites), ALL]}
    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=rounds * (len(suites) + 1))

    def happens(told: Iterator[Event]) -> Iterator[Event]:
        for number in range(rounds):
            turn = number % len(suites)  # nobody is always the first
            for suite in suites[turn:] + suites[:turn]:
                bar.update(task, description=suite.name)
                began = perf_counter()
                save(suite)
                yield next(
                    told
                )  # `watch` grades and shows it, then comes back
                times[suite.name].warm.append(perf_counter() - began)
                times[suite.name].cold.append(cold(suite))
                bar.advance(task)
            times[ALL].warm.append(whole(suites))
            times[ALL].cold.append(sum(times[s.name].cold[-1] for s in suites))
            bar.advance(task)

    events, shown = Events(), io.StringIO()
    with Grader(suites, usual()) as grader, saves(suites, events), bar:
        course = Bench(suites[0].answer.parents[1])
        watch = Watch(
            course, Console(file=shown, width=80), grader, keys=False
        )
        watch.run(suites[0], happens(iter(events)))
    right = shown.getvalue().count("All of it is right.")
    if right <= rounds * len(suites):
        raise BrokenError(shown.getvalue())
    return times


def save(suite: Suite) -> None:
    """Save the answer as an editor does, with something added."""
    text = suite.answer.read_text("utf-8")
    suite.answer.write_text(f"{text}#\n", "utf-8")


def cold(suite: Suite) -> float:
    """Run its checks in a new process, as one would without a grader."""
    target = f"--target={suite.answer.parent}"
    return timed("pytest", "-q", str(suite.checks), target)


def whole(suites: list[Suite]) -> float:
    """Grade all of them once, in a new process."""
    numbers = [suite.number for suite in suites]
    folder = suites[0].answer.parent
    return timed("course.grader", *numbers, f"--target={folder}")


def timed(module: str, *arguments: str) -> float:
    """Run a module; return the seconds that it took."""
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BrokenError(done.stdout + done.stderr)
    return perf_counter() - began


def table(times: dict[str, Times]) -> Table:
    """Return what was measured, for a terminal."""
    shown = Table(title="From a save to the verdict, beside a cold pytest")
    for heading in ("exercise", "verdict", "cold", "ratio", "goal"):
        shown.add_column(heading, no_wrap=True)
    for name, each in times.items():
        goal = WHOLE if name == ALL else WAITING.get(name[:4], GOAL)
        shown.add_row(
            name if name == ALL else name[:4],
            f"{statistics.median(each.warm):.2f} s",
            f"{statistics.median(each.cold):.2f} s",
            str(each.ratio),
            each.ratio.verdict(goal, met=each.ratio.median <= goal),
        )
    return shown


def room(folder: Path, words: list[str]) -> list[Suite]:
    """Copy the solutions to where they are saved; return what is measured."""
    course = Bench(folder)
    shutil.copytree(ROOT / "solutions", course.exercises)
    return choose(course.suites(), words)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("bench grader", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("exercises", nargs="*", help="numbers (all)")
    parser.add_argument(
        "--rounds", type=int, default=20, help="how many rounds (20)"
    )
    asked = parser.parse_args(arguments)
    if asked.rounds < 1:
        parser.error("a measurement takes at least one round")
    return asked


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    asked = parse(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            suites = room(Path(folder), asked.exercises)
            times = measure(suites, asked.rounds)
    except (UsageError, BrokenError) as error:
        sys.exit(str(error))
    console = Console()
    console.print(table(times))
    cores = os.cpu_count()
    console.print(
        f"Medians of {asked.rounds} rounds on {cores} cores, Python"
        f" {sys.version.split()[0]}; in brackets, between which ratios half"
        " of the rounds lay."
    )
