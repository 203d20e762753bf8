"""Begin an exercise anew; what was written is kept."""

import argparse

from rich.console import Console
from rich.text import Text

from course.grader.desk.copies import keep, replace
from course.grader.desk.place import Desk
from course.grader.desk.progress import Progress
from course.grader.exercises import Suite, UsageError
from course.grader.lines import put
from course.typed import command


def describe(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("exercise", metavar="EXERCISE", help="number or name")


def run(given: argparse.Namespace, desk: Desk, console: Console) -> int:
    """Put the stub back, and say where the answer is now."""
    suite = desk.suite(given.exercise)
    file = desk.shown(suite.answer)
    try:
        changed, copy = reset(suite, desk)
    except OSError as error:
        raise UsageError(
            f"{file} was not reset ({error.strerror}:"
            f" {error.filename}), and nothing was changed."
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


def reset(suite: Suite, desk: Desk) -> tuple[bool, str]:
    """Return whether anything had to be done, and where the copy is."""
    original = desk.original(suite)
    copy = ""
    changed = not is_untouched(suite, desk)
    if changed:
        if suite.answer.exists():
            copy = desk.shown(keep(suite.answer, desk.kept))
        replace(suite.answer, original)
    Progress(desk).change(suite.name, points=0, passed="")
    return changed, copy


def is_untouched(suite: Suite, desk: Desk) -> bool:
    """See whether the learner has written nothing yet."""
    try:
        found = suite.answer.read_bytes()
    except FileNotFoundError:
        return False
    original = desk.original(suite)
    return found.splitlines() == original.splitlines()
