"""What the page shows: the stages, the exercises, and the way through them."""

import ast
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course.folders import ROOT
from course.mailbox import Mailbox
from course.page import code
from course.page.mounted import Mounted
from course.page.workshop import Workshop
from course.stage import Stage, earlier

TITLE = re.compile(r"Exercise (\d+): (.+?)\.?$", re.MULTILINE)
STAGE = re.compile(r"stages/s(\d\d)_")


@dataclass(frozen=True)
class Exercise:
    """A stub: its text, and the stage after which it can be done."""

    number: int
    name: str
    title: str
    text: str
    stage: int


@dataclass(frozen=True)
class Step:
    """A part of the way: a stage, its notebook, its exercises."""

    stage: Stage
    notebook: str
    exercises: list[Exercise]


def capital(text: str) -> str:
    """Begin a text as a sentence begins."""
    return text[:1].upper() + text[1:]


@cache
def read_exercises(folder: Path = ROOT / "exercises") -> list[Exercise]:
    """Read the stubs as they are; one that is no Python any more is left out.

    They are read once: a learner changes the code, not the instruction.
    """
    found: list[Exercise] = []
    stage = 1
    for file in sorted(folder.glob("ex[0-9][0-9]_*.py")):
        try:
            text = ast.get_docstring(ast.parse(file.read_bytes())) or ""
        except (OSError, SyntaxError, ValueError):
            text = ""
        title = TITLE.match(text)
        words = file.stem.partition("_")[2].replace("_", " ")
        needs = STAGE.findall(text.partition("Builds on")[2])
        stage = max([stage, *map(int, needs)])  # none comes before another
        found.append(
            Exercise(
                int(file.stem[2:4]),
                file.stem,
                capital(title[2] if title else words),
                text.partition("\n")[2].strip(),
                stage,
            )
        )
    return found


def done_exercises(file: Path = ROOT / "progress.json") -> set[str]:
    """Return the names of those that are right, as the grader noted it."""
    try:
        known = json.loads(file.read_text("utf-8-sig"))["exercises"]
        return {
            name
            for name, entry in known.items()
            if entry.get("passed")
            and entry.get("points") == entry.get("max_points")
        }
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return set()


@cache
def difference(before: Stage | None, stage: Stage) -> code.Diff:
    """Return what a stage adds; it is computed once."""
    return code.between(before.source if before else "", stage.source)


@dataclass(frozen=True)
class Course:
    """All that a view may ask for."""

    stages: dict[int, Stage]  # by number, in order
    mounted: dict[int, Mounted]  # those that need no worker
    workshops: dict[int, Workshop]
    mailbox: Mailbox | None

    def earlier(self, stage: Stage) -> Stage | None:
        """Return the stage that one is compared with."""
        return earlier(stage, [*self.stages.values()])

    def news(self, stage: Stage) -> code.Diff | None:
        """Return what a stage adds to the one before; None for the first."""
        if stage.number - 1 not in self.stages:
            return None
        return difference(self.earlier(stage), stage)

    @property
    def done(self) -> set[str]:
        """The exercises that are right by now."""
        return done_exercises()

    @property
    def exercises(self) -> list[Exercise]:
        """All exercises, in order."""
        return read_exercises()

    @property
    def path(self) -> list[Step]:
        """The way through the course, one step a stage."""
        return [
            Step(
                stage,
                stage.path.stem.removeprefix("s"),
                [one for one in self.exercises if one.stage == number],
            )
            for number, stage in self.stages.items()
        ]
