"""Show the hints to an exercise: one more each time.

The first is the one for the check that failed when it was last graded.
"""

import argparse

from rich.console import Console
from rich.text import Text

from course.grader.exercises import Course, Suite
from course.grader.hints import Hint, first, hints
from course.grader.lines import printable, put
from course.grader.progress import Progress
from course.typed import command


def describe(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    help_ = "a number or a name; without it, the next one to do"
    parser.add_argument("exercise", nargs="?", metavar="EXERCISE", help=help_)
    help_ = "show all of them; it will be remembered"
    parser.add_argument("--all", action="store_true", help=help_)


def run(given: argparse.Namespace, course: Course, console: Console) -> int:
    """Show one more hint, below those that were shown for this check."""
    progress = Progress(course)
    suite = (
        course.suite(given.exercise)
        if given.exercise
        else progress.next(course.suites()) or course.suites()[-1]
    )
    if given.all:
        last = len(hints_to(suite, course))
        progress.change(suite.name, hints=last)
    else:
        last = reveal(suite, course)
    lines = shown(suite, course, last, all_=given.all)
    put([Text(suite.title, "bold"), Text(), *lines], console)
    return 0


def hints_to(suite: Suite, course: Course) -> list[Hint]:
    """Read the hints to an exercise."""
    return hints(course.exercises / "hints", suite.name)


def seen(suite: Suite, course: Course) -> int:
    """Return the last hint that was shown to what fails now, or 0."""
    entry = Progress(course)[suite.name]
    begin = first(hints_to(suite, course), entry.failed)
    return entry.hints if begin < entry.hints else 0


def reveal(suite: Suite, course: Course) -> int:
    """Count one more hint as shown; return the number of the last one.

    Whoever has passed may read all of them, and none is counted.
    """
    progress = Progress(course)
    entry, found = progress[suite.name], hints_to(suite, course)
    if entry.passed:
        return len(found)
    last = max(entry.hints, first(found, entry.failed))
    last = min(last + 1, len(found))
    progress.change(suite.name, hints=last)
    return last


def shown(
    suite: Suite, course: Course, last: int, *, all_: bool = False
) -> list[Text]:
    """Write the hints up to this one, and what comes after it."""
    entry, found = Progress(course)[suite.name], hints_to(suite, course)
    if not found:
        return [Text("This exercise has no hints.")]
    start = 0 if all_ or entry.passed else first(found, entry.failed)
    start = start if start < last else 0
    lines: list[Text] = []
    for number, hint in enumerate(found[start:last], start + 1):
        style = "dim" if number < last else ""
        head, *more = indented(printable(hint.text))
        lines.append(Text(f"{number:3}. {head}", style))
        lines += [Text(f"     {line}".rstrip(), style) for line in more]
        lines.append(Text())
    if last < len(found):
        return [*lines, Text(f"Hint {last} of {len(found)}.")]
    words = [suite.number]
    if not entry.may_see_solution:
        words.append("--give-up")
    answer = command("solution", *words)
    lines.append(Text(f"That was the last. One good answer: {answer}"))
    if start:
        again = command("hint", suite.number, "--all")
        lines.append(Text(f"The hints to what comes before: {again}"))
    return lines


def indented(text: str) -> list[str]:
    """Return the lines of a hint, with its code set in by four blanks."""
    lines, code = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            code = not code
        else:
            lines.append(f"    {line}" if code else line)
    return lines
