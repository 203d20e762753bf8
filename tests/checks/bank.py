"""Answers to the exercises: stubs, solutions, and what learners might write.

`right/` and `wrong/` lie beside this file. All are graded as a learner's
would be, by the grader that learners use.
"""

import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from course.grader.exercises import Suite, find
from course.grader.grading import Grader
from course.grader.processes import LINUX
from course.grader.result import Exercise
from course.grader.worker_process import How, cores
from tests.checks.variations import assembled, is_whole

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
SUITES = find(ROOT / "checks", ROOT / "solutions")


@dataclass(frozen=True)
class Answer:
    """An answer to an exercise, wherever it lies."""

    path: Path
    suite: Suite  # of the solution

    @property
    def name(self) -> str:
        """What a test that is about it is called."""
        return self.path.relative_to(ROOT).with_suffix("").as_posix()

    @property
    def text(self) -> str:
        """The whole answer; a variation is put into the solution."""
        text = self.path.read_text("utf-8")
        if is_whole(text):
            return text
        return assembled(self.suite.answer.read_text("utf-8"), text)

    @property
    def mistake(self) -> str:
        """What is wrong with it, as its first line says."""
        return self.path.read_text("utf-8").splitlines()[0]

    @property
    def fails(self) -> list[str]:
        """The checks that have to fail, as its second line says."""
        second = self.path.read_text("utf-8").splitlines()[1]
        assert second.startswith("# fails: "), f"{self.name}: {second}"
        return second.removeprefix("# fails: ").split(", ")


def answers(kind: str) -> list[Answer]:
    """Return the right or the wrong ones of all exercises."""
    return [
        Answer(path, suite)
        for suite in SUITES
        for path in sorted((HERE / kind / suite.name[:4]).glob("*.py"))
    ]


def own(folder: str) -> list[Answer]:
    """Return the stubs (exercises), or the solutions."""
    return [
        Answer(ROOT / folder / suite.answer.name, suite) for suite in SUITES
    ]


def everything() -> list[Answer]:
    """Return all there is."""
    kinds = (own("exercises"), own("solutions"))
    return [
        *(answer for kind in kinds for answer in kind),
        *(answer for kind in ("right", "wrong") for answer in answers(kind)),
    ]


def grader(times: int = 1) -> Grader:
    """Start what grades them, `times` as many at once as there are cores."""
    how = How(LINUX, at_once=times * cores())
    return Grader(SUITES, how)


def graded(
    with_: Grader,
    texts: Iterable[tuple[Suite, str]],
    folder: Path,
    tell: Callable[[Exercise], object] = id,
) -> list[Exercise]:
    """Grade these texts, each as the answer of its suite, in their order."""
    suites = []
    for number, (suite, text) in enumerate(texts):
        place = folder / f"{number}"
        place.mkdir(parents=True, exist_ok=True)
        file = place / suite.answer.name
        file.write_text(text, "utf-8")
        suites.append(Suite(suite.name, suite.checks, file))
    return list(with_.grade(suites, tell).exercises)


def failed(exercise: Exercise) -> list[str]:
    """Name the checks that failed; those that only wait did not."""
    states = {"wrong", "not run"}
    return [each.name for each in exercise.checks if each.state in states]


def passed(exercise: Exercise) -> list[str]:
    """Name the checks that passed."""
    return [each.name for each in exercise.checks if each.state == "right"]


def said(exercise: Exercise, check: str) -> str:
    """Tell what a learner would read of a check, without what varies."""
    (found,) = (each for each in exercise.checks if each.name == check)
    parts = {
        "expected": found.expected,
        "got": found.got,
        "why": found.message if found.message != found.got else "",
        "yours": found.code,
    }
    text = "\n".join(f"{key}: {parts[key]}" for key in parts if parts[key])
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "<id>", text)
    text = re.sub(r"[\d-]+T[\d:]+\.\d{6}", "<now>", text)
    folder = re.escape(tempfile.gettempdir())
    return re.sub(rf"{folder}/[^\s'\":,)]+", "<folder>", text)
