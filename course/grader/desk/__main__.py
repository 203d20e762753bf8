"""python -m course.grader.desk JOB: what stands behind the jobs.

SESSION is one of watch, hint, solution, reset and progress; --help behind it
says what it takes.
"""

import sys
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console

from course.grader.cli import run
from course.grader.desk import hint, reset, solution, table, watch
from course.grader.desk.place import Desk
from course.grader.exercises import UsageError
from course.typed import Parser

SESSIONS: dict[str, ModuleType] = {
    "watch": watch,
    "hint": hint,
    "solution": solution,
    "reset": reset,
    "progress": table,
}


def main(
    arguments: Sequence[str] | None = None, desk: Desk | None = None
) -> int:
    """Run one session; return its exit code."""
    name, *rest = sys.argv[1:] if arguments is None else arguments or [""]
    if name not in SESSIONS:
        print(__doc__, file=sys.stderr)
        return 2
    session = SESSIONS[name]
    parser = Parser(name, description=session.__doc__)
    session.describe(parser)
    given = parser.parse_args(rest)
    try:
        code: int = session.run(
            given, desk or Desk(), Console(highlight=False)
        )
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    run(main)
