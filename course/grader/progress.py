"""Remember what is done.

It stands in progress.json, small and readable. The file is read anew
before each change, under a lock, since a second terminal may change it too.
One that can't be read is kept under a dated name, never overwritten.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from course.grader.exercises import Course, Suite
from course.grader.files import keep, locked, replace
from course.grader.result import Exercise

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


ENTRY = TypeAdapter(Entry)


@dataclass(frozen=True)
class File:
    """What must be in it; all else is left alone."""

    format: Literal[1]
    exercises: dict[str, Entry]


FILE = TypeAdapter(File)


class Progress:
    """The file, as it is at this moment."""

    def __init__(
        self, course: Course, tell: Callable[[str], object] = tell
    ) -> None:
        self.course, self.tell = course, tell
        self.data: dict[str, Any] = {}
        self.problem = self._read()

    def __getitem__(self, name: str) -> Entry:
        entry = self.data.get("exercises", {}).get(name, {})
        return ENTRY.validate_python(entry)

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

    def suite(self, word: str | None) -> Suite:
        """Return the one of this number or name; without one, the next."""
        suites = self.course.suites()
        if word:
            return self.course.suite(word)
        return self.next(suites) or suites[-1]

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
            FILE.validate_json(text, strict=True)
        except FileNotFoundError:
            return ""
        except ValidationError as error:
            (first, *_) = error.errors()
            where = " ".join(map(str, first["loc"]))
            return f"{where}: {first['msg']}".removeprefix(": ")
        except (OSError, ValueError) as error:
            return f"it cannot be read: {error}"
        self.data = json.loads(text)
        return ""


def today() -> str:
    """Return the date here, as 2026-11-25."""
    return f"{datetime.now(UTC).astimezone():%Y-%m-%d}"
