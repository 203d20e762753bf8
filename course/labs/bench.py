"""Compare each stage's speed with bare endpoints, in one run.

Absolute numbers say more about a machine than about a stage. So the servers
are asked in turn, round after round, and each round gives a ratio: how many
requests a second, background tasks included, a stage answers for one that
the bare endpoint answers.
"""

import argparse
import importlib
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from course.labs.load import NotServedError, Server, serving
from course.labs.trials import NOTES, TRIALS, Trial

OTHERS = {
    "timeline": "course.labs.bench_timeline",
    "grader": "course.labs.bench_grader",
    "queues": "course.labs.bench_queues",
}


@dataclass(frozen=True)
class Ratio:
    """How two speeds compare, over all rounds."""

    median: float
    low: float
    high: float
    doubt: float  # how far the median may be from the true ratio

    @classmethod
    def of(cls, speeds: Sequence[float], others: Sequence[float]) -> "Ratio":
        """Compare round by round: what disturbs one disturbs both.

        The spread is that of the middle half: on a busy machine the extremes
        of many short rounds say what else it did.
        """
        each = [a / b for a, b in zip(speeds, others, strict=True)]
        if len(each) == 1:
            return cls(each[0], each[0], each[0], math.inf)
        low, median, high = statistics.quantiles(each, method="inclusive")
        error = 0.93 * (high - low) / math.sqrt(len(each))  # the standard one
        return cls(median, low, high, 2 * error)

    def verdict(self, goal: float, *, met: bool) -> str:
        """Say whether a goal was met, unless that is left to chance."""
        if abs(self.median - goal) < self.doubt:
            return f"{goal:.2f} ? too noisy"
        return f"{goal:.2f} {'✓ met' if met else '✗ missed'}"

    def __str__(self) -> str:
        """Show the median and, in brackets, the spread."""
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


Speeds = dict[str, list[float]]  # requests a second, one for each round


@dataclass(frozen=True)
class Result:
    """What a trial came to."""

    trial: Trial
    speeds: Speeds

    def to(self, other: str) -> Ratio:
        """Return the ratio to one of the bare endpoints."""
        return Ratio.of(self.speeds[self.trial.app], self.speeds[other])

    @property
    def verdict(self) -> str:
        """Say whether the goal was met, unless that is left to chance."""
        goal = self.trial.goal
        if goal is None:
            return "–"
        ratio = self.to(self.trial.alike)
        return ratio.verdict(goal, met=ratio.median >= goal)


def in_turn(
    servers: dict[str, Server], trial: Trial, rounds: int, seconds: float
) -> Speeds:
    """Ask each server for a moment, round after round."""
    speeds: Speeds = {app: [] for app in servers}
    for number in range(rounds):
        turn = number % len(servers)  # nobody is always the first
        for app in [*servers][turn:] + [*servers][:turn]:
            speed = servers[app].measure(trial.path, seconds, trial.clients)
            speeds[app].append(speed)
    return speeds


def try_out(trial: Trial, rounds: int, seconds: float) -> Result:
    """Serve what a trial needs, warm it up, measure it."""
    with serving(trial.apps) as servers:
        in_turn(servers, trial, 1, min(seconds, 0.5))
        return Result(trial, in_turn(servers, trial, rounds, seconds))


def table(results: Sequence[Result]) -> Table:
    """Return what was measured, for a terminal."""
    shown = Table(title="Requests a second, as a ratio to a bare endpoint")
    shown.add_column("endpoint")
    shown.add_column("with the same def\ndependencies")
    shown.add_column("goal")
    shown.add_column("without any\ndependency")
    for result in results:
        alike, alone = result.trial.alike, result.trial.alone
        shown.add_row(
            *(result.trial.name, str(result.to(alike))),
            *(result.verdict, str(result.to(alone))),
        )
    return shown


def compare(rounds: int, seconds: float, trials: Sequence[Trial]) -> None:
    """Measure all trials and show the table; progress goes to stderr."""
    results = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=len(trials))
        for trial in trials:
            progress.update(bar, description=trial.name)
            results.append(try_out(trial, rounds, seconds))
            progress.advance(bar)
    console = Console()
    console.print(table(results))
    console.print(NOTES)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=["stages", *OTHERS],
        default="stages",
        help="stages (the default), what the timeline's recorder costs,"
        " how fast the grader is, or what a queue costs; --help behind one"
        " of these says more",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.2,
        help="how long each server is asked in a round (0.2)",
    )
    parser.add_argument(
        "--rounds", type=int, default=40, help="how many rounds (40)"
    )
    asked = parser.parse_args(arguments)
    if asked.seconds <= 0 or asked.rounds < 1:
        parser.error("a measurement takes time: --seconds 0.2 --rounds 40")
    return asked


def main() -> None:
    """Measure what is asked for; Ctrl-C ends it."""
    try:
        if sys.argv[1:2] and sys.argv[1] in OTHERS:
            module = importlib.import_module(OTHERS[sys.argv.pop(1)])
            module.main()
        else:
            asked = parse()
            compare(asked.rounds, asked.seconds, TRIALS)
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    except NotServedError as error:
        sys.exit(f"It could not run.\n{error}")


if __name__ == "__main__":
    main()
