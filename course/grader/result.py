"""What a grading says, as plain data: no pytest, no processes, no colours.

A `Check` keeps one shape from the process that ran it to the report. Points
are never taken from that process: they follow from the state and from what
the suite says the check is worth.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, TypeAdapter

FORMAT = 1

State = Literal["right", "wrong", "waiting", "not run"]
Fault = Literal["", "the answer", "this machine", "our bug"]


def encodable(text: str) -> str:
    """Write what UTF-8 cannot hold as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


Text = Annotated[str, AfterValidator(encodable)]


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one check."""

    name: Text
    state: State
    max_points: float = 1
    fault: Fault = ""
    message: Text = ""  # what is wrong, in words
    order: tuple[Text, ...] = ()
    did: Text = ""
    expected: Text = ""
    got: Text = ""
    place: Text = ""  # file:line in the answer
    code: Text = ""  # what stands in that line
    traceback: Text = ""
    printed: Text = ""
    picture: Text = ""  # of the last request, at most 79 columns wide
    imported: bool = True  # whether the answer could be imported
    promise: Text = ""  # what the check is about, in a sentence
    why: Text = ""  # why that matters

    def not_run(self, fault: Fault, message: str) -> "Check":
        """Say why it could not be run."""
        return replace(
            self, state="not run", fault=fault, message=message, expected=""
        )

    @property
    def points(self) -> float:
        """All of its points or none."""
        return self.max_points if self.state == "right" else 0

    @property
    def title(self) -> str:
        """Its name as words."""
        name, bracket, rest = self.name.removeprefix("test_").partition("[")
        return name.replace("_", " ") + (f" ({rest[:-1]})" if bracket else "")


read_check = TypeAdapter(Check).validate_python  # ValueError: it is none


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """A check that must come back, as the suite states it."""

    id: str
    exercise: str
    name: str
    points: float = 1
    promise: str = ""  # the first line of its docstring
    why: str = ""  # the rest of it: why that matters
    after: tuple[str, ...] = ()  # names of checks that must be right before
    more: float = 0.0  # seconds beyond the deadline that all have

    def to(self, state: State, like: Check | None = None) -> Check:
        """Begin to say what became of it, as of another one perhaps."""
        return replace(
            like or Check("", state),
            name=self.name,
            state=state,
            max_points=self.points,
            promise=self.promise,
            why=self.why,
        )


read_plan = TypeAdapter(list[PlannedCheck]).validate_python


@dataclass(frozen=True, slots=True)
class Exercise:
    """All checks of one exercise, in the order of the suite."""

    name: str
    title: str
    file: str  # the answer, as the learner would write its path
    checks: tuple[Check, ...]
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """The sum over its checks."""
        return sum(check.points for check in self.checks)

    @property
    def max_points(self) -> float:
        """What it is worth."""
        return sum(check.max_points for check in self.checks)

    @property
    def state(self) -> State:
        """Right only if every check is, and if there is any."""
        states = {check.state for check in self.checks}
        if states == {"right"}:
            return "right"
        lost = states <= {"not run", "waiting"}
        return "not run" if lost else "wrong"


@dataclass(frozen=True, slots=True)
class Grade:
    """A whole grading."""

    exercises: tuple[Exercise, ...]
    format: int = FORMAT
    notes: tuple[str, ...] = ()  # what else has to be known

    @property
    def exit_code(self) -> int:
        """0 all right, 1 some wrong, 2 not importable, 3 our bug."""
        checks = [check for each in self.exercises for check in each.checks]
        suiteless = any(not each.checks for each in self.exercises)
        if suiteless or any(check.fault == "our bug" for check in checks):
            return 3
        if any(not check.imported for check in checks):
            return 2
        wrong = any(check.state != "right" for check in checks)
        return int(wrong or bool(self.notes))

    def to_json(self) -> str:
        """Give it as text, with the points."""
        data = asdict(self)
        for exercise, told in zip(
            self.exercises, data["exercises"], strict=True
        ):
            told["state"], told["points"] = exercise.state, exercise.points
            told["max_points"] = exercise.max_points
            for check, each in zip(
                exercise.checks, told["checks"], strict=True
            ):
                each["points"] = check.points
        return json.dumps(data, indent=2, ensure_ascii=False)
