"""What is remembered of each exercise: progress.json, small and readable.

It is read anew before each change, since a second terminal may have changed
it. A file that can't be read is kept under a dated name, never overwritten.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from course.grader.desk.copies import keep, replace
from course.grader.desk.place import Desk
from course.grader.exercises import Suite
from course.grader.model import Exercise

FORMAT = 1


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
        self, desk: Desk, tell: Callable[[str], object] = tell
    ) -> None:
        self.desk, self.tell = desk, tell
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
        passed = self[exercise.name].passed
        if exercise.state == "right":
            passed = passed or today()
        wrong = [c.name for c in exercise.checks if c.state != "right"]
        self.change(
            exercise.name,
            points=exercise.points,
            max_points=exercise.max_points,
            failed=next(iter(wrong), ""),
            passed=passed,
        )

    def change(self, name: str, **changes: object) -> None:
        """Change one exercise's entry and write the file, if it differs."""
        exercises = self.data.get("exercises", {})
        entry = exercises.get(name, {})
        if entry | changes == entry:
            return
        exercises = {**exercises, name: entry | changes}
        known = {"format": FORMAT, **self.data}
        known["exercises"] = dict(sorted(exercises.items()))
        self.data = known
        try:
            self._write(json.dumps(known, indent=2, ensure_ascii=False))
        except OSError as error:
            self.tell(
                "Your progress was not saved"
                f" ({self.desk.progress.name}: {error.strerror})."
            )

    def next(self, suites: list[Suite]) -> Suite | None:
        """Choose the first that is neither done nor given up, else open."""
        open_ = [each for each in suites if not self[each.name].done]
        fresh = [each for each in open_ if not self[each.name].gave_up]
        return next(iter([*fresh, *open_]), None)

    def _read(self) -> str:
        """Read it; return why that was not possible, or nothing."""
        try:
            text = self.desk.progress.read_text("utf-8-sig")
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

    def _write(self, text: str) -> None:
        file = self.desk.progress
        if self.problem and file.exists():
            copy = keep(file, self.desk.kept)
            self.tell(
                f"{file.name} could not be used ({self.problem}). It is kept"
                f" as {self.desk.shown(copy)}, and a new one begins."
            )
            self.problem = ""
        replace(file, f"{text}\n".encode())


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
