"""Show what is done, and what is next.

It is remembered in progress.json, small and readable. The file is read anew
before each change, under a lock, since a second terminal may change it too.
One that can't be read is kept under a dated name, never overwritten.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from course.grader.exercises import Course, Suite
from course.grader.files import keep, locked, replace
from course.grader.hints import hints
from course.grader.lines import put
from course.grader.result import Exercise
from course.typed import command

FORMAT = 1
TITLE, STATE = 43, 13
HEADINGS = f"{'':5}{'':{TITLE}}{'':{STATE}}   points   hints"


def tell(problem: str) -> None:
    """Say it where it disturbs no report."""
    print(problem, file=sys.stderr)


@dataclass(frozen=True)
class Entry:
    """One exercise; the points are those of the last grading."""

    points: float = 0
    max_points: float = 0
    passed: str = ""  # the date on which all of it was right first
    failed: str = ""  # the first check that was not right, when last graded
    hints: int = 0  # the number of the furthest hint that was shown
    gave_up: str = ""  # the date

    @property
    def done(self) -> bool:
        """Whether all of it is right, and still is."""
        return bool(self.passed) and self.points == self.max_points

    @property
    def may_see_solution(self) -> bool:
        """Once it was right, or was given up."""
        return bool(self.passed or self.gave_up)


class Progress:
    """The file, as it is at this moment."""

    def __init__(
        self, course: Course, tell: Callable[[str], object] = tell
    ) -> None:
        self.course, self.tell = course, tell
        self.data: dict[str, Any] = {}
        self.problem = self._read()

    def __getitem__(self, name: str) -> Entry:
        known = self.data.get("exercises", {}).get(name, {})
        fields = Entry.__dataclass_fields__
        return Entry(**{key: known[key] for key in known if key in fields})

    def record(self, exercise: Exercise) -> None:
        """Take over the points of a grading, unless it was disturbed."""
        faults = {check.fault for check in exercise.checks}
        if faults & {"this machine", "our bug"}:
            return
        wrong = [c.name for c in exercise.checks if c.state != "right"]
        changes: dict[str, object] = {
            "points": exercise.points,
            "max_points": exercise.max_points,
            "failed": next(iter(wrong), ""),
        }
        if exercise.state == "right" and not self[exercise.name].passed:
            changes["passed"] = today()
        self.change(exercise.name, **changes)

    def change(self, name: str, **changes: object) -> None:
        """Change one exercise's entry and write the file, if it differs."""
        try:
            with locked(self.course.root / ".progress.lock"):
                self.problem = self._read()
                self._change(name, changes)
        except OSError as error:
            self.tell(
                "Your progress was not saved"
                f" ({self.course.progress.name}: {error.strerror})."
            )

    def _change(self, name: str, changes: dict[str, object]) -> None:
        exercises = self.data.get("exercises", {})
        entry = exercises.get(name, {})
        if entry | changes == entry:
            return
        exercises = {**exercises, name: entry | changes}
        self.data = {"format": FORMAT, **self.data}
        self.data["exercises"] = dict(sorted(exercises.items()))
        file = self.course.progress
        if self.problem and file.exists():
            copy = keep(file, self.course.kept)
            self.tell(
                f"{file.name} could not be used ({self.problem}). It is kept"
                f" as {self.course.shown(copy)}, and a new one begins."
            )
            self.problem = ""
        text = json.dumps(self.data, indent=2, ensure_ascii=False)
        replace(file, f"{text}\n".encode())

    def next(self, suites: list[Suite]) -> Suite | None:
        """Choose the first that is neither done nor given up, else open."""
        open_ = [each for each in suites if not self[each.name].done]
        fresh = [each for each in open_ if not self[each.name].gave_up]
        return next(iter([*fresh, *open_]), None)

    def _read(self) -> str:
        """Read it; return why that was not possible, or nothing."""
        self.data = {}
        try:
            text = self.course.progress.read_text("utf-8-sig")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeError) as error:
            return f"it cannot be read: {error}"
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            return f"it is no JSON: {error}"
        problem = _problem(data)
        if not problem:
            self.data = data
        return problem


def today() -> str:
    """Return the date here, as 2026-11-25."""
    return f"{datetime.now(UTC).astimezone():%Y-%m-%d}"


def _problem(data: object) -> str:
    """Say what is wrong with it; nothing, if it can be used."""
    if not isinstance(data, dict):
        return "it holds no progress"
    if data.get("format") != FORMAT:
        return f"its format is {data.get('format')!r}, and this is {FORMAT}"
    exercises = data.get("exercises")
    if not isinstance(exercises, dict):
        return "it holds no exercises"
    empty = Entry()
    for name, entry in exercises.items():
        if not isinstance(entry, dict):
            return f"what it says of {name} is no entry"
        for key in Entry.__dataclass_fields__:
            wanted: Any = type(getattr(empty, key))
            wanted = (int, float) if wanted is int else wanted
            given = entry.get(key, getattr(empty, key))
            if not isinstance(given, wanted) or isinstance(given, bool):
                return f"{key} of {name} is {given!r}"
    return ""


# --- the job ------------------------------------------------------------------


def describe(_: argparse.ArgumentParser) -> None:
    """Take nothing."""


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
    there = len(hints(course.exercises / "hints", suite.name))
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
