"""Run the checks of some answers and judge them: the side that is trusted.

It keeps the list of what must come back, the clock and the points. A worker
that dies is replaced; the check that took it along loses, the rest goes on.
A check that a signal killed is run once more, by itself, before it loses: an
interpreter or a machine may crash where an answer is right.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from course.grader import processes
from course.grader.exercises import Suite
from course.grader.hired import How, Worker, working
from course.grader.model import Claim, claim_from
from course.grader.paper import Paper
from course.grader.streams import PRINTED, head, size

START = 60.0  # seconds in which a worker must have collected the checks
PATIENCE = 10.0  # seconds beyond a deadline that a forking worker keeps
TICK = 0.1


class OurBugError(Exception):
    """The checks themselves can't be run."""


class StaleError(Exception):
    """Nobody wants to know any more."""


def never() -> bool:
    """Say that the result is still wanted."""
    return False


@dataclass
class Flight:
    """A check that runs at this moment."""

    paper: Paper
    claim: Claim
    began: float
    heard: dict[str, Any]


class Front:
    """A worker that stays, and the answers that it checks.

    `run` may be called again and again: what the worker has loaded and
    collected once is there at once for the next answer.
    """

    def __init__(self, files: list[Path], how: How) -> None:
        self.files, self.how = files, how
        self.due = False  # whether it has yet to say what it has read
        self.claims: list[Claim] = []
        self.flying: dict[str, Flight] = {}
        self.suspects: set[str] = set()  # these run one at a time
        self.crashed: set[str] = set()  # a signal killed these once
        self.worker: Worker | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss()

    def open(self, stale: Callable[[], bool] = never) -> Worker:
        """Have a worker that has collected the checks."""
        if self.worker is None:
            how = working(self.files, self.how)
            self.worker = self._stack.enter_context(how)
            self.due = True
        if not self.due:
            return self.worker
        said = self._wait(self.worker, stale)
        if not said or "claims" not in said:
            text = str((said or {}).get("broken") or "The worker died.")
            printed = head(self.worker.scratch / "printed")
            self._dismiss()
            raise OurBugError(f"{text}\n{printed}".strip())
        self.claims = [claim_from(each) for each in said["claims"]]
        self.due = False
        return self.worker

    def read(self, files: list[Path]) -> None:
        """Let it collect further checks, and do not wait for that."""
        further = [str(each.resolve()) for each in files]
        self.files += files
        if self.worker is not None:
            self.open().order({"read": further})
            self.due = True

    def _wait(
        self, worker: Worker, stale: Callable[[], bool]
    ) -> dict[str, Any] | None:
        """Hear what it says next, unless nobody wants to know any more."""
        late = time.monotonic() + START
        while (said := worker.hear(TICK)) == {} and time.monotonic() < late:
            if stale():
                self._dismiss()
                raise StaleError
        return said

    def papers(
        self, suites: list[Suite], stale: Callable[[], bool] = never
    ) -> list[Paper]:
        """Lay out what has to come back for these answers."""
        self.open(stale)
        deadline = self.how.deadline
        return [Paper(suite, self.claims, deadline) for suite in suites]

    def run(
        self,
        papers: list[Paper],
        done: Callable[[Paper], object] = id,
        stale: Callable[[], bool] = never,
    ) -> None:
        """Run until each check has its verdict; tell of each paper done.

        When it is `stale`, what runs is ended, and the worker with it.
        """
        self.flying, self.suspects, self.crashed = {}, set(), set()
        open_ = list(papers)
        while open_:
            if stale():
                self._dismiss()
                raise StaleError
            worker = self.open()
            self._send_out(worker, open_)
            said = worker.hear(TICK if self.flying else 0)
            lost = said is None
            if said:
                self._hear(said)
            cut = self._overdue(worker)
            if lost or cut:
                self._worker_is_lost(worker, cut)
            for paper in [each for each in open_ if each.done]:
                open_.remove(paper)
                done(paper)

    def _send_out(self, worker: Worker, papers: list[Paper]) -> None:
        if self.suspects:
            self.suspects &= {
                _key(paper, claim)
                for paper in papers
                for claim in paper.claims.values()
                if claim.name not in paper.checks
            }
        room = 1 if self.suspects else self.how.at_once
        for paper in papers:
            while len(self.flying) < room:
                claim = paper.next(self._suspected(paper))
                if claim is None:
                    break
                key = _key(paper, claim)
                self.flying[key] = Flight(paper, claim, time.monotonic(), {})
                target = paper.suite.answer.parent
                worker.order(
                    {
                        "key": key,
                        "run": claim.id,
                        "target": str(target.resolve()),
                        "deadline": self.how.deadline + claim.more,
                    }
                )

    def _suspected(self, paper: Paper) -> set[str] | None:
        """Name the only checks of a paper that may run now; None: any."""
        if not self.suspects:
            return None
        return {
            claim.name
            for claim in paper.claims.values()
            if _key(paper, claim) in self.suspects
        }

    def _hear(self, said: dict[str, Any]) -> None:
        key = str(said.get("key", ""))
        if key in self.flying:
            self.flying[key].heard.update(said)
            if "status" in said:
                self._land(key)

    def _land(self, key: str) -> None:
        flight = self.flying.pop(key)
        self.suspects.discard(key)
        if _by_signal(flight.heard) and key not in self.crashed:
            self.crashed.add(key)
            self.suspects.add(key)
            flight.paper.out.discard(flight.claim.name)
            return
        took = time.monotonic() - flight.began
        flight.paper.land(flight.claim.name, flight.heard, took)

    def _overdue(self, worker: Worker) -> str:
        patience = PATIENCE if self.how.fork else 0
        limit = time.monotonic() - self.how.deadline - patience
        flights = self.flying.values()
        if any(each.began + each.claim.more < limit for each in flights):
            return "late"
        printed = size(worker.scratch / "printed")
        return "flood" if printed > PRINTED and not self.how.fork else ""

    def _worker_is_lost(self, worker: Worker, cut: str) -> None:
        """Blame the one check that ran; of several, run each alone."""
        if cut:
            processes.end(worker.process.pid)
            worker.process.kill()
        status = worker.process.wait()
        said = {
            "status": status,
            "cut": cut,
            "stood": head(worker.scratch / "stood"),
            "printed": head(worker.scratch / "printed"),
        }
        self._dismiss()
        if not self.flying:
            raise OurBugError("The worker died, and no check was running.")
        if len(self.flying) > 1:
            self.suspects = set(self.flying)
            for flight in self.flying.values():
                flight.paper.out.discard(flight.claim.name)
            self.flying = {}
            return
        ((key, flight),) = self.flying.items()
        flight.heard = {**said, **flight.heard}
        flight.heard.pop("reports", None)
        self._land(key)

    def _dismiss(self) -> None:
        """Let the worker go, with all that is below it."""
        self.worker = None
        self._stack.close()


def _key(paper: Paper, claim: Claim) -> str:
    return f"{id(paper)} {claim.id}"


def _by_signal(heard: dict[str, Any]) -> bool:
    """See whether it was killed, and not by us."""
    status = heard["status"]
    return isinstance(status, int) and status < 0 and not heard.get("cut")
