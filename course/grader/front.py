"""Run the checks of some exercises and judge them: the side that is trusted.

It keeps the list of what must come back, the clock and the points. A worker
that dies is replaced; the check that took it along loses, the rest goes on.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course.grader import processes
from course.grader.hired import How, Worker, working
from course.grader.model import Check, Claim, claim_from
from course.grader.streams import PRINTED, head, size
from course.grader.verdict import Judge

START = 60.0  # seconds in which a worker must have collected the checks
PATIENCE = 10.0  # seconds beyond a deadline that a forking worker keeps
TICK = 0.1


class OurBugError(Exception):
    """The checks themselves can't be run."""


class Round:
    """One run of all checks of some files."""

    def __init__(self, files: list[Path], how: How) -> None:
        self.files, self.how = files, how
        self.judge = Judge(how.target, how.deadline)
        self.claims: dict[str, Claim] = {}
        self.began = time.monotonic()
        self.checks: dict[str, Check] = {}
        self.seconds: dict[str, float] = {}
        self.at_once = how.at_once
        self.flying: dict[str, float] = {}
        self.parts: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        """Run until each claim has its verdict."""
        while True:
            with working(self.files, self.how) as worker:
                self._collect(worker)
                self._run(worker)
            if len(self.checks) == len(self.claims):
                return

    def _collect(self, worker: Worker) -> None:
        said = worker.hear(START)
        if not said or "claims" not in said:
            text = str((said or {}).get("broken") or "The worker died.")
            printed = head(worker.scratch / "printed")
            raise OurBugError(f"{text}\n{printed}".strip())
        if not self.claims:  # to collect is not the answer's time
            self.began = time.monotonic()
        claims = [claim_from(each) for each in said["claims"]]
        self.claims = {claim.id: claim for claim in claims}

    def _run(self, worker: Worker) -> None:
        """Run what is still to be run, as long as the worker lives."""
        self.flying, self.parts = {}, {}
        while len(self.checks) < len(self.claims):
            self._send_out(worker)
            said = worker.hear(TICK)
            if said is None:
                self._worker_is_lost(worker, "")
                return
            id_ = str(said.get("id", ""))
            if id_ in self.flying:
                self.parts.setdefault(id_, {}).update(said)
                if "status" in said:
                    self._land(id_, self.parts[id_])
            cut = self._overdue(worker)
            if cut:
                self._worker_is_lost(worker, cut)
                return

    def _send_out(self, worker: Worker) -> None:
        for claim in self.claims.values():
            if len(self.flying) >= self.at_once:
                return
            if claim.id in self.checks or claim.id in self.flying:
                continue
            if self._may_run(claim):
                self.flying[claim.id] = time.monotonic()
                deadline = self.how.deadline
                worker.order({"run": claim.id, "deadline": deadline})

    def _may_run(self, claim: Claim) -> bool:
        """Decide on its prerequisites; a verdict may come of that."""
        check = Check(claim.name, "waiting", claim.points)
        mine = [
            each
            for each in self.claims.values()
            if each.exercise == claim.exercise and each.id != claim.id
        ]
        for name in claim.after:
            before = [c for c in mine if c.name.split("[")[0] == name]
            if not before:
                message = f"{claim.line} names no check: after({name!r})"
                self._blame_us(claim, message)
                return False
            states = [self.checks.get(each.id) for each in before]
            if any(state and state.state != "right" for state in states):
                self.checks[claim.id] = check
                return False
            if None in states:
                if self._circular(claim):
                    message = f"{claim.line} waits, in the end, for itself"
                    self._blame_us(claim, message)
                return False
        return self._import_ends(claim, mine)

    def _blame_us(self, claim: Claim, message: str) -> None:
        self.checks[claim.id] = Check(
            claim.name, "not run", claim.points, "our bug", message
        )

    def _circular(self, claim: Claim) -> bool:
        """See whether a check waits, in the end, for itself."""
        names = set(claim.after)
        while True:
            more = {
                name
                for each in self.claims.values()
                if each.exercise == claim.exercise and each.name in names
                for name in each.after
            }
            if more <= names:
                return claim.name in names
            names |= more

    def _import_ends(self, claim: Claim, mine: Iterable[Claim]) -> bool:
        """Spare a deadline each when the answer's import never ends."""
        for each in mine:
            check = self.checks.get(each.id)
            if check and not check.imported and "not end" in check.message:
                self.checks[claim.id] = Check(
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

    def _land(self, id_: str, outcome: dict[str, Any]) -> None:
        began = self.flying.pop(id_)
        self.checks[id_] = self.judge.check(self.claims[id_], outcome)
        self.seconds[id_] = time.monotonic() - began

    def _overdue(self, worker: Worker) -> str:
        patience = PATIENCE if self.how.fork else 0
        limit = time.monotonic() - self.how.deadline - patience
        if any(began < limit for began in self.flying.values()):
            return "late"
        printed = size(worker.scratch / "printed")
        return "flood" if printed > PRINTED and not self.how.fork else ""

    def _worker_is_lost(self, worker: Worker, cut: str) -> None:
        """Blame the one check that ran; of several, run each alone."""
        if cut:
            processes.end(worker.process.pid)
            worker.process.kill()
        status = worker.process.wait()
        if not self.flying:
            raise OurBugError("The worker died, and no check was running.")
        if len(self.flying) > 1:
            self.at_once = 1
            return
        (id_,) = self.flying
        outcome = {
            "status": status,
            "cut": cut,
            "stood": head(worker.scratch / "stood"),
            "printed": head(worker.scratch / "printed"),
            **self.parts.get(id_, {}),
        }
        outcome.pop("reports", None)
        self._land(id_, outcome)


def cores() -> int:
    """Return how many checks may run at a time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
