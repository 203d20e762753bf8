"""Show what is done, and what is next."""

import argparse
import textwrap

from rich.console import Console
from rich.text import Text

from course.grader.desk.hint import hints_to
from course.grader.desk.place import Desk
from course.grader.desk.progress import Entry, Progress
from course.grader.desk.reset import is_untouched
from course.grader.exercises import Suite
from course.grader.lines import put
from course.typed import command

TITLE, STATE = 43, 13
HEADINGS = f"{'':5}{'':{TITLE}}{'':{STATE}}   points   hints"


def describe(_: argparse.ArgumentParser) -> None:
    """Take nothing."""


def run(_: argparse.Namespace, desk: Desk, console: Console) -> int:
    """Print a line for each exercise, then what to type next."""
    progress, suites = Progress(desk), desk.suites()
    lines = [Text(HEADINGS, "dim")]
    lines += [_line(each, progress[each.name], desk) for each in suites]
    done = sum(progress[each.name].done for each in suites)
    if progress.problem:
        name = desk.progress.name
        lines += [Text(), Text(f"{name} is not used: {progress.problem}.")]
    put([*lines, Text(), _next(suites, progress, done)], console)
    return 0


def _line(suite: Suite, entry: Entry, desk: Desk) -> Text:
    name, _, title = suite.title.partition(" · ")
    title = textwrap.shorten(title, TITLE - 2, placeholder=" …")
    state, style = _state(suite, entry, desk)
    points = "–"
    if entry.max_points:
        points = f"{entry.points:g} of {entry.max_points:g}"
    there = len(hints_to(suite, desk))
    used = f"{entry.hints} of {there}" if entry.hints else "–"
    line = Text(f"{name} {title:<{TITLE}}").append(f"{state:<{STATE}}", style)
    return line.append(f"{points:>9}{used:>8}")


def _state(suite: Suite, entry: Entry, desk: Desk) -> tuple[str, str]:
    if entry.done:
        return f"✓ {entry.passed}", "green"
    if entry.gave_up:
        return "given up", "yellow"
    if entry.points or entry.hints or not is_untouched(suite, desk):
        return "begun", ""
    return "–", "dim"


def _next(suites: list[Suite], progress: Progress, done: int) -> Text:
    found = progress.next(suites)
    count = f"{done} of {len(suites)} done."
    if found is None:
        return Text(f"{count} That is all of them.", "green")
    return Text(f"{count} Next: {command('watch', found.number)}")
