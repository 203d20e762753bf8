"""Show the hints to an exercise: one more each time.

The first is the one for the check that failed when it was last graded. They
stand in exercises/hints/exNN.md. Each section `## Hint N` is one, in
Markdown; its first line may be `for: test_a, test_b`: when one of these
checks fails, one begins there.
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from course.grader.exercises import Course, Suite
from course.grader.lines import printable, put
from course.grader.progress import Progress
from course.typed import command

HEADING = re.compile(r"^## Hint \d+\n(?:for: (.+)\n)?", re.MULTILINE)


@dataclass(frozen=True)
class Hint:
    """One hint, and the failing checks at which one begins with it."""

    text: str
    checks: tuple[str, ...] = ()


def hints(folder: Path, name: str) -> list[Hint]:
    """Read the hints to ex08_rate_limit, in order; there may be none."""
    try:
        text = (folder / f"{name[:4]}.md").read_text("utf-8")
    except FileNotFoundError:
        return []
    _, *parts = HEADING.split(text)
    return [
        Hint(body.strip(), tuple(checks.split(", ") if checks else ()))
        for checks, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def first(found: list[Hint], failed: str) -> int:
    """Return the place of the hint to begin with when this check fails."""
    for check in (failed, failed.partition("[")[0]):
        for place, hint in enumerate(found):
            if check in hint.checks:
                return place
    return 0


def run(given: argparse.Namespace, course: Course, console: Console) -> int:
    """Show one more hint, below those that were shown for this check."""
    suite = Progress(course).suite(given.exercise)
    if given.all:
        last = len(hints(course.hints, suite.name))
        Progress(course).change(suite.name, hints=last)
    else:
        last = reveal(suite, course)
    lines = shown(suite, course, last, all_=given.all)
    put([Text(suite.title, "bold"), Text(), *lines], console)
    return 0


def seen(suite: Suite, course: Course) -> int:
    """Return the last hint that was shown to what fails now, or 0."""
    entry = Progress(course)[suite.name]
    begin = first(hints(course.hints, suite.name), entry.failed)
    return entry.hints if begin < entry.hints else 0


def reveal(suite: Suite, course: Course) -> int:
    """Count one more hint as shown; return the number of the last one.

    After passing one may read all of them, and none is counted.
    """
    entry = Progress(course)[suite.name]
    found = hints(course.hints, suite.name)
    if entry.passed:
        return len(found)
    last = max(entry.hints, first(found, entry.failed))
    last = min(last + 1, len(found))
    Progress(course).change(suite.name, hints=last)
    return last


def shown(
    suite: Suite, course: Course, last: int, *, all_: bool = False
) -> list[Text]:
    """Write the hints up to this one, and what comes after it."""
    entry = Progress(course)[suite.name]
    found = hints(course.hints, suite.name)
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
    words = [] if entry.may_see_solution else ["--give-up"]
    answer = command("solution", suite.number, *words)
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
