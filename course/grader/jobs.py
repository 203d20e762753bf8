"""python -m course.grader.jobs JOB: the learner's jobs beside `grade`.

JOB is one of watch, hint, solution, reset and progress; --help behind it says
what it takes.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from course.grader import hints, reset, solution, table, watch
from course.grader.command_line import ended, run
from course.grader.exercises import Course
from course.typed import Parser

Job = Callable[[argparse.Namespace, Course, Console], int]
Takes = dict[str, dict[str, Any]]

ONE: dict[str, Any] = {"metavar": "EXERCISE", "help": "number or name"}
NEXT = {
    "metavar": "EXERCISE",
    "nargs": "?",
    "help": "a number or a name; without it, the first that is not done",
}
ALL = {"action": "store_true", "help": "show all; it will be remembered"}
GIVE_UP = {
    "action": "store_true",
    "help": "see it although yours is not right; it will be remembered",
}
JOBS: dict[str, tuple[Job, Takes]] = {
    "watch": (watch.run, {"exercise": NEXT}),
    "hint": (hints.run, {"exercise": NEXT, "--all": ALL}),
    "solution": (solution.run, {"exercise": ONE, "--give-up": GIVE_UP}),
    "reset": (reset.run, {"exercise": ONE}),
    "progress": (table.run, {}),
}


def main(
    arguments: Sequence[str] | None = None, course: Course | None = None
) -> int:
    """Run one job; return its exit code."""
    name, *rest = sys.argv[1:] if arguments is None else arguments or [""]
    if name not in JOBS:
        print(__doc__, file=sys.stderr)
        return 2
    job, takes = JOBS[name]
    parser = Parser(name, description=sys.modules[job.__module__].__doc__)
    for word, more in takes.items():
        parser.add_argument(word, **more)
    given = parser.parse_args(rest)
    console = Console(highlight=False)
    return ended(lambda: job(given, course or Course(), console))


if __name__ == "__main__":
    run(main)
