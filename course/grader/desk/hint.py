"""Show the hints to an exercise: one more each time."""

import argparse

from rich.console import Console
from rich.text import Text

from course.grader.desk.originals import hints
from course.grader.desk.place import Desk
from course.grader.desk.progress import Progress
from course.grader.exercises import Suite
from course.grader.lines import printable, put
from course.typed import command


def describe(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    help_ = "a number or a name; without it, the next one to do"
    parser.add_argument("exercise", nargs="?", metavar="EXERCISE", help=help_)


def run(given: argparse.Namespace, desk: Desk, console: Console) -> int:
    """Reveal the next level, and show it below those before."""
    progress = Progress(desk)
    suite = (
        desk.suite(given.exercise)
        if given.exercise
        else progress.next(desk.suites()) or desk.suites()[-1]
    )
    seen = reveal(suite, desk)
    put(
        [Text(suite.title, "bold"), Text(), *shown(suite, desk, seen)], console
    )
    return 0


def reveal(suite: Suite, desk: Desk) -> int:
    """Count one more hint as used; return how many are shown now.

    Who has passed may read all of them, and none is counted.
    """
    progress = Progress(desk)
    there = len(hints(desk.original(suite)))
    if progress[suite.name].passed:
        return there
    seen = min(progress[suite.name].hints + 1, there)
    progress.change(suite.name, hints=seen)
    return seen


def shown(suite: Suite, desk: Desk, seen: int) -> list[Text]:
    """Write the first hints, and what comes after them."""
    found = hints(desk.original(suite))
    lines: list[Text] = []
    for number, hint in enumerate(found[:seen], 1):
        style = "dim" if number < seen else ""
        first, *more = printable(hint).splitlines()
        lines.append(Text(f"  {number}. {first}", style))
        lines += [Text(f"     {line}", style) for line in more]
    lines.append(Text())
    if not found:
        return [Text("This exercise has no hints.")]
    if seen < len(found):
        return [*lines, Text(f"Hint {seen} of {len(found)}.")]
    words = [suite.number]
    if not Progress(desk)[suite.name].may_see_solution:
        words.append("--give-up")
    answer = command("solution", *words)
    last = f"That is all of them. One good answer: {answer}"
    return [*lines, Text(last)]
