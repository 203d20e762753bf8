"""Begin an exercise anew; what was written is kept."""

import argparse

from rich.console import Console
from rich.text import Text

from course.grader.exercises import Course, Suite, UsageError
from course.grader.files import keep, replace
from course.grader.lines import put
from course.grader.progress import Progress
from course.typed import command


def describe(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("exercise", metavar="EXERCISE", help="number or name")


def run(given: argparse.Namespace, course: Course, console: Console) -> int:
    """Put the stub back, and say where the answer is now."""
    suite = course.suite(given.exercise)
    file = course.shown(suite.answer)
    try:
        changed, copy = reset(suite, course)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise UsageError(
            f"{file} was not reset ({error.strerror}{where}), and nothing was"
            " changed."
        ) from None
    lines = []
    if copy:
        lines.append(f"What you wrote is kept: {copy}")
    if changed:
        again = command("watch", suite.number)
        lines += [f"{file} is as it was at first.", f"Next: {again}"]
    else:
        lines.append(f"{file} is as it was at first: nothing to do.")
    put(map(Text, lines), console)
    return 0


def reset(suite: Suite, course: Course) -> tuple[bool, str]:
    """Return whether anything had to be done, and where the copy is."""
    original = course.original(suite)
    copy = ""
    changed = not course.is_untouched(suite)
    if changed:
        if suite.answer.exists():
            copy = course.shown(keep(suite.answer, course.kept))
        replace(suite.answer, original)
    Progress(course).change(suite.name, points=0, passed="", failed="")
    return changed, copy
