"""Grade some answers: run what can be run, say of the rest why not."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Self

from course.grader import processes
from course.grader.exercises import Suite
from course.grader.front import Front, OurBugError, never
from course.grader.hired import How, cores
from course.grader.model import Exercise, Grade
from course.grader.paper import Paper

Tell = Callable[[Exercise], object]
Stale = Callable[[], bool]


def usual() -> How:
    """Check as fast as this machine can, in forks where it has them."""
    return How(processes.LINUX, at_once=cores())


class Grader:
    """Grades again and again; with forks, its process stays warm between.

    It has read the checks of some suites, and reads others when they are
    graded, or when it is told to. Without forks, each answer is checked in a
    process of its own.
    """

    def __init__(self, suites: list[Suite], how: How) -> None:
        self.how = how
        self.warm = Front(_files(suites), how) if how.fork else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.warm is not None:
            self.warm.__exit__()

    def read(self, suites: list[Suite]) -> None:
        """Begin to read the checks of these as well."""
        if self.warm is not None:
            known = self.warm.files
            further = [each for each in _files(suites) if each not in known]
            if further:
                self.warm.read(further)

    def grade(
        self,
        suites: list[Suite],
        tell: Tell = id,
        stale: Stale = never,
        leaving: Stale = never,
    ) -> Grade:
        """Grade these answers; `tell` of each as soon as it is known.

        As soon as it is `stale`, it ends with a StaleError; while it still
        reads the checks, only when somebody is `leaving`.
        """
        if self.warm is not None:
            self.read(suites)
            graded = _graded(self.warm, suites, tell, stale, leaving)
            return Grade(tuple(graded))
        one = replace(self.how, at_once=1)
        graded = []
        for suite in suites:
            with Front([suite.checks], one) as fresh:
                graded += _graded(fresh, [suite], tell, stale, leaving)
        return Grade(tuple(graded))


def grade(suites: list[Suite], how: How, tell: Tell = id) -> Grade:
    """Grade them all once."""
    with Grader(suites, how) as grader:
        return grader.grade(suites, tell)


def _files(suites: list[Suite]) -> list[Path]:
    return list(dict.fromkeys(each.checks for each in suites))


def _graded(
    front: Front,
    suites: list[Suite],
    tell: Tell,
    stale: Stale,
    leaving: Stale,
) -> list[Exercise]:
    bug, papers = "", [Paper(suite, [], 0) for suite in suites]
    began = time.monotonic()
    try:
        papers = front.papers(suites, leaving)
        began = time.monotonic()  # to collect is not the answer's time
        front.run(papers, lambda paper: tell(paper.exercise()), stale)
    except OurBugError as error:
        bug = str(error)
    taken = time.monotonic() - began
    total = sum(sum(paper.seconds.values()) for paper in papers)
    return [paper.exercise(bug, taken / (total or 1)) for paper in papers]
