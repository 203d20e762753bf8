"""One answer, and what has become of each of its checks so far."""

from typing import Any

from course.grader.exercises import Suite
from course.grader.model import Check, Claim, Exercise
from course.grader.verdict import Judge


class Paper:
    """The checks of one answer: which may run, which are decided."""

    def __init__(
        self, suite: Suite, claims: list[Claim], deadline: float
    ) -> None:
        self.suite = suite
        self.claims = {c.name: c for c in claims if c.exercise == suite.name}
        self.judge = Judge(suite.answer.parent, deadline)
        self.checks: dict[str, Check] = {}
        self.seconds: dict[str, float] = {}
        self.out: set[str] = set()  # those that run at this moment

    @property
    def done(self) -> bool:
        """Whether each check has its verdict."""
        return len(self.checks) == len(self.claims)

    def next(self, only: set[str] | None = None) -> Claim | None:
        """Take out a check that may run now, if there is one."""
        for name, claim in self.claims.items():
            if name in self.checks or name in self.out:
                continue
            if only is not None and name not in only:
                continue
            if self._may_run(claim):
                self.out.add(name)
                return claim
        return None

    def land(self, name: str, outcome: dict[str, Any], took: float) -> None:
        """Judge what came of a check that was taken out."""
        self.out.discard(name)
        self.checks[name] = self.judge.check(self.claims[name], outcome)
        self.seconds[name] = took

    def exercise(self, bug: str = "", share: float = 1.0) -> Exercise:
        """State the result; what has no verdict is a bug of ours."""
        checks = [
            self.checks.get(claim.name)
            or Check(claim.name, "not run", claim.points, "our bug", bug)
            for claim in self.claims.values()
        ]
        if not checks:
            message = bug or f"{self.suite.checks.name} has no checks."
            name = "test_can_be_collected"
            checks = [Check(name, "not run", 0, "our bug", message)]
        return Exercise(
            self.suite.name,
            self.suite.title,
            self.judge.shown(self.suite.answer),
            tuple(checks),
            sum(self.seconds.values()) * share,
        )

    def _may_run(self, claim: Claim) -> bool:
        """Decide on its prerequisites; a verdict may come of that."""
        for wanted in claim.after:
            before = [
                name
                for name in self.claims
                if name.split("[")[0] == wanted and name != claim.name
            ]
            if not before:
                message = f"{claim.line} names no check: after({wanted!r})"
                self._blame_us(claim, message)
                return False
            states = [self.checks.get(name) for name in before]
            if any(state and state.state != "right" for state in states):
                check = Check(claim.name, "waiting", claim.points)
                self.checks[claim.name] = check
                return False
            if None in states:
                if self._circular(claim):
                    message = f"{claim.line} waits, in the end, for itself"
                    self._blame_us(claim, message)
                return False
        return self._import_ends(claim)

    def _blame_us(self, claim: Claim, message: str) -> None:
        self.checks[claim.name] = Check(
            claim.name, "not run", claim.points, "our bug", message
        )

    def _circular(self, claim: Claim) -> bool:
        """See whether a check waits, in the end, for itself."""
        names = set(claim.after)
        while True:
            more = {
                name
                for each in self.claims.values()
                if each.name in names
                for name in each.after
            }
            if more <= names:
                return claim.name in names
            names |= more

    def _import_ends(self, claim: Claim) -> bool:
        """Spare a deadline each when the answer's import never ends."""
        for check in self.checks.values():
            if not check.imported and "not end" in check.message:
                self.checks[claim.name] = Check(
                    claim.name,
                    "not run",
                    claim.points,
                    "the answer",
                    check.message,
                    place=check.place,
                    code=check.code,
                    imported=False,
                )
                return False
        return True
