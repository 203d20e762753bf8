"""Begin an exercise anew; what was written is kept."""

import argparse

from rich.console import Console
from rich.text import Text

from course.grader.exercises import Course, UsageError
from course.grader.files import keep, replace
from course.grader.lines import put
from course.grader.progress import Progress
from course.typed import command


def run(given: argparse.Namespace, course: Course, console: Console) -> int:
    """Put the stub back, and say where the answer is now."""
    suite = course.suite(given.exercise)
    file, lines = course.shown(suite.answer), []
    original = course.original(suite)
    changed = not course.is_untouched(suite)
    try:
        if changed:
            if suite.answer.exists():
                copy = course.shown(keep(suite.answer, course.kept))
                lines.append(f"What you wrote is kept: {copy}")
            replace(suite.answer, original)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise UsageError(
            f"{file} was not reset ({error.strerror}{where}), and nothing was"
            " changed."
        ) from None
    Progress(course).change(suite.name, points=0, passed="", failed="")
    lines.append(f"{file} is as it was at first.")
    if changed:
        lines.append(f"Next: {command('watch', suite.number)}")
    else:
        lines[-1] = f"{lines[-1][:-1]}: nothing to do."
    put(map(Text, lines), console)
    return 0
