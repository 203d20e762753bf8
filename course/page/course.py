"""What the page shows: the stages, the exercises, and the way through them."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from threading import Event

from course.grader.exercises import Course as Learner
from course.grader.progress import Progress
from course.instruction import instruction
from course.mailbox import Mailbox
from course.page import code, notebook
from course.page.workshop import Workshop
from course.stage import Stage, earlier

STAGE = re.compile(r"stages/s(\d\d)_")


@dataclass(frozen=True)
class Exercise:
    """A stub: its text, and the stage after which it can be done."""

    number: int
    name: str
    title: str
    text: str  # HTML
    stage: int


@dataclass(frozen=True)
class Step:
    """A part of the way: a stage, its notebook, its exercises."""

    stage: Stage
    notebook: str
    exercises: list[Exercise]


@cache
def read_exercises() -> list[Exercise]:
    """Read the stubs as they were: a learner changes those in exercises/."""
    learner, found = Learner(), list[Exercise]()
    stage = 1
    for suite in learner.suites():
        stub = learner.original(suite)
        text = ast.get_docstring(ast.parse(stub)) or ""
        needs = STAGE.findall(text.partition("Builds on")[2])
        stage = max([stage, *map(int, needs)])  # none comes before another
        found.append(
            Exercise(
                int(suite.number),
                suite.name,
                suite.title.partition(" · ")[2],
                as_html(text),
                stage,
            )
        )
    return found


def as_html(docstring: str) -> str:
    """Return what a stub asks for; its links lead to the page's own views."""
    sections, last = instruction(docstring)
    return notebook.linked("\n\n".join([*sections, last]))


@cache
def difference(before: Stage | None, stage: Stage) -> code.Diff:
    """Return what a stage adds; it is computed once."""
    return code.between(before.source if before else "", stage.source)


@cache
def size(before: Stage | None, stage: Stage) -> code.Size:
    """Return how much that is; it is counted once."""
    return code.size(before.source if before else "", stage.source)


@dataclass(frozen=True)
class Course:
    """All that a view may ask for."""

    stages: dict[int, Stage]  # by number, in order
    workshops: dict[int, Workshop]
    mailbox: Mailbox | None
    learner: Learner  # whose progress is shown
    stopping: Event  # the page ends, and so do its event streams

    def earlier(self, stage: Stage) -> Stage | None:
        """Return the stage that one is compared with."""
        return earlier(stage, [*self.stages.values()])

    def is_first(self, stage: Stage) -> bool:
        """Whether there is none before it: everything in it is new."""
        return stage.number - 1 not in self.stages

    def news(self, stage: Stage) -> code.Diff:
        """Return what a stage adds to the one before."""
        return difference(self.earlier(stage), stage)

    def size(self, stage: Stage) -> code.Size | None:
        """Return how much a stage adds; None for the first."""
        if self.is_first(stage):
            return None
        return size(self.earlier(stage), stage)

    @property
    def done(self) -> set[str]:
        """The exercises that are right by now."""
        progress = Progress(self.learner)
        return {one.name for one in self.exercises if progress[one.name].done}

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
