"""The command `grade`: which exercises, whose answers, what to write where."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from course.grader import files, processes
from course.grader.exercises import Course, UsageError, choose, find, folder
from course.grader.grading import grade
from course.grader.progress import Progress
from course.grader.worker_process import How, cores
from course.typed import Parser

EXAMPLES = """\
examples:
  %(prog)s                     all exercises
  %(prog)s 8                   one, by number or by name: rate_limit
  %(prog)s --target=solutions  other answers, in any folder
  %(prog)s 8 --traceback       with the traceback and what was printed
  %(prog)s --json=-            the result as JSON, and nothing else

exit codes: 0 all right, 130 Ctrl-C, 1 all else. In the course's environment
python -m course.grader takes the same words and says more: 1 some wrong, 2 an
answer can't be imported (or wrong use of this command), 3 a bug of ours
"""
BUG = 3


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    found = Parser(
        "grade",
        description="Grade exercises: each check in a process of its own.",
        epilog=EXAMPLES,
    )
    add = found.add_argument
    add("exercises", nargs="*", metavar="EXERCISE", help="a number or a name")
    help_ = "the folder of the answers (exercises)"
    add("--target", metavar="FOLDER", default="exercises", help=help_)
    help_ = "the folder of the checks (checks)"
    add("--checks", metavar="FOLDER", default="checks", help=help_)
    add("--json", metavar="FILE", help="write the result there; - is stdout")
    help_ = "show traceback and output of the first failure"
    add("--traceback", action="store_true", help=help_)
    help_ = "run each suite in one fresh process instead of forks"
    add("--no-fork", action="store_true", help=help_)
    help_ = "for one check (10)"
    add("--deadline", metavar="SECONDS", type=float, default=10, help=help_)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Find, grade, report; return the exit code."""
    given = parser().parse_args(arguments)
    return ended(lambda: _grade(given))


def _grade(given: argparse.Namespace) -> int:
    target, checks = folder(given.target), folder(given.checks)
    suites = choose(find(checks, target), given.exercises)
    fork = processes.LINUX and not given.no_fork
    if given.json != "-":
        threading.Thread(target=_import_report, daemon=True).start()
    done = grade(suites, How(fork, given.deadline, cores()))
    course = Course()
    if (target, checks) == (course.exercises, course.root / "checks"):
        for exercise in done.exercises:
            Progress(course).record(exercise)
    if given.json:
        _write(given.json, done.to_json() + "\n")
    if given.json != "-":
        from course.grader.report import show  # noqa: PLC0415 (see above)

        show(done, traceback=given.traceback)
    return done.exit_code


def ended(job: Callable[[], int]) -> int:
    """Run a job; say in a line why it could not be done."""
    try:
        return job()
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _import_report() -> None:
    """Load what only the report needs, while the worker starts."""
    from course.grader import report  # noqa: F401, PLC0415


def _write(file: str, text: str) -> None:
    if file == "-":
        with suppress(AttributeError):
            sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        sys.stdout.write(text)
        return
    try:
        files.replace(Path(file), text.encode())
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written ({error.strerror}): name another file."
        ) from None


def run(command: Callable[[], int]) -> None:
    """Be the command; leave nothing behind, however it is ended."""
    processes.adopt_orphans()
    processes.hide()
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)
    try:
        code = command()
    except Exception:  # noqa: BLE001 (said, then exit code 3)
        sys.excepthook(*sys.exc_info())
        print("This is a bug of ours: please report it.", file=sys.stderr)
        code = BUG
    sys.exit(code)


def leave(number: int, _: object) -> NoReturn:
    """End, and let every `finally` on the way do its work."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # one is enough
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.exit(128 + number)
