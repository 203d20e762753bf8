"""Grade some exercises: run what can be run, say of the rest why not."""

import time
from dataclasses import replace

from course.grader.exercises import Suite
from course.grader.front import OurBugError, Round
from course.grader.hired import How
from course.grader.model import Check, Exercise, Grade


def grade(suites: list[Suite], how: How) -> Grade:
    """Grade them all, in one warm process or in one for each suite."""
    if how.fork:
        return Grade(tuple(_together(suites, how)))
    one = replace(how, at_once=1)
    return Grade(tuple(_together([each], one)[0] for each in suites))


def _together(suites: list[Suite], how: How) -> list[Exercise]:
    round_ = Round([suite.checks for suite in suites], how)
    bug = ""
    try:
        round_.run()
    except OurBugError as error:
        bug = str(error)
    taken = time.monotonic() - round_.began
    share = taken / (sum(round_.seconds.values()) or 1)
    return [_exercise(suite, round_, bug, share) for suite in suites]


def _exercise(suite: Suite, round_: Round, bug: str, share: float) -> Exercise:
    claims = [
        claim
        for claim in round_.claims.values()
        if claim.exercise == suite.name
    ]
    checks = [
        round_.checks.get(claim.id)
        or Check(claim.name, "not run", claim.points, "our bug", bug)
        for claim in claims
    ]
    if not claims:
        message = bug or f"{suite.checks.name} has no checks."
        name = "test_can_be_collected"
        checks = [Check(name, "not run", 0, "our bug", message)]
    seconds = sum(round_.seconds.get(claim.id, 0) for claim in claims)
    file = round_.judge.shown(suite.answer)
    return Exercise(
        suite.name, suite.title, file, tuple(checks), seconds * share
    )
