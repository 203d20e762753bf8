"""What a grading says, as plain data: no pytest, no processes, no colours.

Points are never stored by whoever ran a check: they follow from the state
and from what the suite says the check is worth.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

FORMAT = 1

State = Literal["right", "wrong", "waiting", "not run"]
Fault = Literal["", "the answer", "this machine", "our bug"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A check that must come back, as the suite states it."""

    id: str
    exercise: str
    name: str
    points: float = 1
    promise: str = ""  # the first sentence of its docstring
    after: tuple[str, ...] = ()  # names of checks that must be right before
    line: str = ""  # file:line
    more: float = 0.0  # seconds beyond the deadline that all have


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one check."""

    name: str
    state: State
    max_points: float = 1
    fault: Fault = ""
    message: str = ""
    order: tuple[str, ...] = ()
    did: str = ""
    expected: str = ""
    got: str = ""
    place: str = ""  # file:line in the answer
    code: str = ""  # what stands in that line
    traceback: str = ""
    printed: str = ""
    picture: str = ""  # of the last request, at most 79 columns wide
    imported: bool = True  # whether the answer could be imported
    promise: str = ""  # the first sentence of its docstring

    @property
    def points(self) -> float:
        """All of its points or none."""
        return self.max_points if self.state == "right" else 0

    @property
    def title(self) -> str:
        """Its name as words."""
        name, bracket, rest = self.name.removeprefix("test_").partition("[")
        return name.replace("_", " ") + (f" ({rest[:-1]})" if bracket else "")


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

    @property
    def exit_code(self) -> int:
        """0 all right, 1 some wrong, 2 not importable, 3 our bug."""
        checks = [check for each in self.exercises for check in each.checks]
        suiteless = any(not each.checks for each in self.exercises)
        if suiteless or any(check.fault == "our bug" for check in checks):
            return 3
        if any(not check.imported for check in checks):
            return 2
        return int(any(check.state != "right" for check in checks))

    def to_json(self) -> str:
        """Give it as text that `from_json` reads back to an equal one."""
        exercises = [_exercise_data(each) for each in self.exercises]
        data = {"format": self.format, "exercises": exercises}
        return json.dumps(data, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Grade":
        """Read it back; a ValueError says what is wrong with the text."""
        try:
            data = json.loads(text)
            if data["format"] != FORMAT:
                message = (
                    f"This grading has format {data['format']} and this"
                    f" version reads {FORMAT}: grade anew."
                )
                raise ValueError(message)
            return cls(tuple(map(_exercise, data["exercises"])))
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            message = f"This is not a saved grading ({error!r}): grade anew."
            raise ValueError(message) from None


def _exercise_data(exercise: Exercise) -> dict[str, Any]:
    checks = [
        {**asdict(check), "points": check.points} for check in exercise.checks
    ]
    return {
        "name": exercise.name,
        "state": exercise.state,
        "points": exercise.points,
        "max_points": exercise.max_points,
        "title": exercise.title,
        "file": exercise.file,
        "seconds": round(exercise.seconds, 3),
        "checks": checks,
    }


def _exercise(data: dict[str, Any]) -> Exercise:
    checks = tuple(map(_check, data["checks"]))
    name, title, file = data["name"], data["title"], data["file"]
    found = Exercise(name, title, file, checks, data["seconds"])
    if found.points != data["points"]:
        raise ValueError(
            f"The points of {found.name} are not the sum of its checks':"
            " grade anew."
        )
    return found


def _check(data: dict[str, Any]) -> Check:
    known = {key: data[key] for key in data if key != "points"}
    check = Check(**{**known, "order": tuple(data["order"])})
    if (
        check.state not in get_args(State)
        or check.fault not in get_args(Fault)
        or check.points != data["points"]
    ):
        raise ValueError(
            f"The check {check.name} has a state, a fault or points that"
            " cannot be: grade anew."
        )
    return check


def claim_from(data: dict[str, Any]) -> Claim:
    """Read what the worker says about a check."""
    after = tuple(cast("list[str]", data["after"]))
    return Claim(**{**data, "after": after})
