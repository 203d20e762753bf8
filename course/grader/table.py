"""Show what is done, and what is next."""

import argparse
import textwrap

from rich.console import Console
from rich.text import Text

from course.grader.exercises import Course, Suite
from course.grader.hints import hints
from course.grader.lines import put
from course.grader.progress import Entry, Progress
from course.typed import command

TITLE, STATE = 43, 13
HEADINGS = f"{'':5}{'':{TITLE}}{'':{STATE}}   points   hints"


def run(_: argparse.Namespace, course: Course, console: Console) -> int:
    """Print a line for each exercise, then what to type next."""
    progress, suites = Progress(course), course.suites()
    lines = [Text(HEADINGS, "dim")]
    lines += [_line(each, progress[each.name], course) for each in suites]
    done = sum(progress[each.name].done for each in suites)
    if progress.problem:
        name = course.progress.name
        lines += [Text(), Text(f"{name} is not used: {progress.problem}.")]
    found = progress.next(suites)
    last = Text(f"{done} of {len(suites)} done. That is all of them.", "green")
    if found is not None:
        following = command("watch", found.number)
        last = Text(f"{done} of {len(suites)} done. Next: {following}")
    put([*lines, Text(), last], console)
    return 0


def _line(suite: Suite, entry: Entry, course: Course) -> Text:
    name, _, title = suite.title.partition(" · ")
    title = textwrap.shorten(title, TITLE - 2, placeholder=" …")
    state, style = _state(suite, entry, course)
    points = "–"
    if entry.max_points:
        points = f"{entry.points:g} of {entry.max_points:g}"
    there = len(hints(course.hints, suite.name))
    used = f"{entry.hints} of {there}" if entry.hints else "–"
    line = Text(f"{name} {title:<{TITLE}}").append(f"{state:<{STATE}}", style)
    return line.append(f"{points:>9}{used:>8}")


def _state(suite: Suite, entry: Entry, course: Course) -> tuple[str, str]:
    if entry.done:
        return f"✓ {entry.passed}", "green"
    if entry.gave_up:
        return "given up", "yellow"
    if entry.points or entry.hints or not course.is_untouched(suite):
        return "begun", ""
    return "–", "dim"
