"""python -m course.grader.desk SESSION: what stands behind the nox sessions.

watch, hint, solution, reset, progress
"""

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console

from course.grader import processes
from course.grader.desk import hint, reset, solution, table, watch
from course.grader.desk.place import Desk
from course.grader.exercises import UsageError, command

SESSIONS: dict[str, ModuleType] = {
    "watch": watch,
    "hint": hint,
    "solution": solution,
    "reset": reset,
    "progress": table,
}


def parser() -> argparse.ArgumentParser:
    """Describe each session, by the name that a learner types."""
    found = argparse.ArgumentParser("python -m course.grader.desk")
    sessions = found.add_subparsers(
        dest="session", metavar="SESSION", required=True
    )
    for name, module in SESSIONS.items():
        about = str(module.__doc__).strip()
        first = about.partition("\n")[0]
        own = sessions.add_parser(
            name,
            prog=f"{command(name)} --",
            help=first,
            description=about,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.describe(own)
    return found


def main(
    arguments: Sequence[str] | None = None, desk: Desk | None = None
) -> int:
    """Run one session; return its exit code."""
    given = parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        run = SESSIONS[given.session].run
        code: int = run(given, desk or Desk(), console)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    processes.adopt_orphans()
    sys.exit(main())
