"""python -m course.grader.jobs JOB: the learner's jobs beside `grade`.

JOB is one of watch, hint, solution, reset and progress; --help behind it says
what it takes.
"""

import sys
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console

from course.grader import hint, progress, reset, solution, watch
from course.grader.command_line import run
from course.grader.exercises import Course, UsageError
from course.typed import Parser

JOBS: dict[str, ModuleType] = {
    "watch": watch,
    "hint": hint,
    "solution": solution,
    "reset": reset,
    "progress": progress,
}


def main(
    arguments: Sequence[str] | None = None, course: Course | None = None
) -> int:
    """Run one job; return its exit code."""
    name, *rest = sys.argv[1:] if arguments is None else arguments or [""]
    if name not in JOBS:
        print(__doc__, file=sys.stderr)
        return 2
    job = JOBS[name]
    parser = Parser(name, description=job.__doc__)
    job.describe(parser)
    given = parser.parse_args(rest)
    console = Console(highlight=False)
    try:
        code: int = job.run(given, course or Course(), console)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    run(main)
