"""Grade answers: which check runs when, and what became of each.

This is the side that is trusted: it keeps the list of what must come back,
the clock and the points. A worker that dies is replaced; the check that took
it along loses, the rest goes on. What may be the machine's fault (a signal, a
full disk, too busy a processor) is tried once more, by itself.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Self

from course.grader import files, processes
from course.grader.exercises import Suite, read, shown
from course.grader.result import (
    Check,
    Exercise,
    Fault,
    Grade,
    PlannedCheck,
    read_plan,
)
from course.grader.run_check import BUSY, PRINTED
from course.grader.verdict import at_last, judge, shaky
from course.grader.worker_process import How, Worker, cores

START = 60.0  # seconds in which a worker must have collected the checks
PATIENCE = 10.0  # seconds beyond a deadline that a forking worker keeps
TICK = 0.1
TRIES = 2

Ask = Callable[[], bool]
Tell = Callable[[Exercise], object]


class OurBugError(Exception):
    """The checks themselves can't be run."""


class MachineError(Exception):
    """Nothing can be run on this machine as it is now."""


class StaleError(Exception):
    """Nobody wants to know any more."""


def never() -> bool:
    """Say that the result is still wanted."""
    return False


def usual() -> How:
    """Check as fast as this machine can, in forks where it has them."""
    return How(processes.LINUX, at_once=cores())


def grade(suites: list[Suite], how: How, tell: Tell = id) -> Grade:
    """Grade them all once."""
    with Grader(suites, how) as grader:
        return grader.grade(suites, tell)


class Answer:
    """One answer: which of its checks may run, and what became of each."""

    def __init__(self, suite: Suite, planned: list[PlannedCheck]) -> None:
        self.suite = suite
        self.planned = {p.name: p for p in planned if p.exercise == suite.name}
        self.target = Path(os.path.realpath(suite.answer.parent))
        self.running: set[str] = set()
        self.began, self.seconds = 0.0, 0.0
        self.checks: dict[str, Check] = {}

    @property
    def done(self) -> bool:
        """Whether each check has its verdict."""
        return len(self.checks) == len(self.planned)

    def ready(self) -> Iterator[PlannedCheck]:
        """Give what may run now; settle what will not run at all."""
        for name, planned in self.planned.items():
            if name in self.checks or name in self.running:
                continue
            before = [self.checks.get(other) for other in planned.after]
            lost = [c for c in self.checks.values() if not c.imported]
            if any(check and check.state != "right" for check in before):
                self.checks[name] = planned.to("waiting")
            elif None in before:
                continue
            elif lost:  # no other check could import it either
                self.checks[name] = planned.to("not run", lost[0])
            else:
                yield planned

    def exercise(self, fault: Fault = "", problem: str = "") -> Exercise:
        """State the result; what has no verdict has this problem."""
        nothing = PlannedCheck("", "", "test_can_be_collected", 0)
        checks = [
            self.checks.get(planned.name)
            or planned.to("wrong").not_run(fault, problem)
            for planned in self.planned.values() or [nothing]
        ]
        return Exercise(
            self.suite.name,
            self.suite.title,
            shown(self.suite.answer, Path.cwd()),
            tuple(checks),
            round(self.seconds, 3),
        )


@dataclass
class Run:
    """A check that runs at this moment, and what was heard of it."""

    answer: Answer
    planned: PlannedCheck
    limit: float  # seconds
    tries: int = 0
    began: float = 0.0
    heard: dict[str, Any] = field(default_factory=dict)


class Grader:
    """Grades again and again; with forks, its process stays warm between.

    It has read the checks of some suites, and reads others when they are
    graded, or when it is told to. Without forks, each answer is checked in a
    process of its own.
    """

    def __init__(self, suites: list[Suite], how: How) -> None:
        self.how = how if how.fork else replace(how, at_once=1)
        self.files = _files(suites)
        self.planned: list[PlannedCheck] = []
        self.worker: Worker | None = None
        self.due = False  # whether it has yet to say what it has read
        self.runs: dict[str, Run] = {}
        self.alone: list[Run] = []  # to be run again, one at a time
        self._keys = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()

    def read(self, suites: list[Suite]) -> None:
        """Begin to read the checks of these as well, in a new worker.

        One that has collected cannot collect more: the fixtures of
        `conftest.py` belong to what was collected first.
        """
        further = [f for f in _files(suites) if f not in self.files]
        self.files += further
        if further and self.worker is not None:
            self.dismiss()
            self._begin()

    def _begin(self) -> Worker:
        """Start a worker, and do not wait until it has collected."""
        self.worker, self.due = Worker(self.files, self.how), True
        return self.worker

    def grade(
        self,
        suites: list[Suite],
        tell: Tell = id,
        stale: Ask = never,
    ) -> Grade:
        """Grade these answers; `tell` of each as soon as it is known.

        As soon as it is `stale`, it ends with a StaleError.
        """
        texts, exercises = _texts(suites), []
        if self.how.fork:
            self.read(suites)
            exercises = self._graded(suites, tell, stale)
        else:
            for suite in suites:
                self.dismiss()
                self.files = [suite.checks]
                exercises += self._graded([suite], tell, stale)
        return Grade(tuple(exercises), notes=_changed(texts))

    def _graded(
        self, suites: list[Suite], tell: Tell, stale: Ask
    ) -> list[Exercise]:
        fault: Fault = "our bug"
        problem = "It has no checks."
        answers = [Answer(suite, []) for suite in suites]
        try:
            self.open(stale)
            answers = [Answer(suite, self.planned) for suite in suites]
            self._run(answers, tell, stale)
        except OurBugError as error:
            problem = str(error)
        except (MachineError, OSError) as error:
            fault, problem = "this machine", str(error)
            self.dismiss()
        return [each.exercise(fault, problem) for each in answers]

    # --- the worker -----------------------------------------------------------

    def open(self, stale: Ask = never) -> Worker:
        """Have a worker that has collected the checks."""
        for _ in range(TRIES):
            worker = self.worker or self._begin()
            if not self.due:
                return worker
            said = self._wait(worker, stale)
            if said and "planned" in said:
                self.planned = read_plan(said["planned"])
                self.due = False
                return worker
            printed = files.head(worker.scratch / "printed")
            room = files.room_problem(worker.scratch)
            killed = said is None and worker.process.wait() < 0
            self.dismiss()
            if not killed and not room:
                text = str((said or {}).get("broken") or "The worker died.")
                raise OurBugError(f"{text}\n{printed}".strip())
        raise MachineError(room or "The worker was killed twice.")

    def _wait(self, worker: Worker, stale: Ask) -> dict[str, Any] | None:
        """Hear what it says next, unless nobody wants to know any more."""
        late = worker.began + START
        while (said := worker.hear(TICK)) == {} and time.monotonic() < late:
            if stale():  # it goes on to collect, for the next grading
                raise StaleError
        return said

    def dismiss(self) -> None:
        """Let the worker go, with all that is below it."""
        if self.worker:
            self.worker.end()
        self.worker = None

    # --- its checks -----------------------------------------------------------

    def _run(self, answers: list[Answer], tell: Tell, stale: Ask) -> None:
        """Run until each check has its verdict."""
        self.runs, self.alone = {}, []
        open_ = list(answers)
        while open_:
            worker = self.open()
            if stale():
                self._stop(worker)
                raise StaleError
            self._start(worker, open_)
            said = worker.hear(TICK if self.runs else 0)
            if said:
                self._hear(said)
            cut = self._overdue(worker)
            if said is None or cut:
                self._worker_is_lost(worker, cut)
            for answer in [each for each in open_ if each.done]:
                open_.remove(answer)
                tell(answer.exercise())

    def _start(self, worker: Worker, answers: list[Answer]) -> None:
        """Order what may run now, as much as there is room for."""
        if self.alone:
            if not self.runs:
                self._order(worker, self.alone.pop(0))
            return
        for answer in answers:
            for planned in answer.ready():
                if len(self.runs) >= self.how.at_once:
                    return
                limit = self.how.deadline + planned.more
                answer.running.add(planned.name)
                self._order(worker, Run(answer, planned, limit))

    def _order(self, worker: Worker, run: Run) -> None:
        key = str(next(self._keys))
        self.runs[key] = run
        run.tries += 1
        run.began, run.heard = time.monotonic(), {}
        run.answer.began = run.answer.began or run.began
        worker.order(
            {
                "key": key,
                "run": run.planned.id,
                "target": str(run.answer.target),
                "deadline": run.limit,
            }
        )

    def _stop(self, worker: Worker) -> None:
        """Let what runs end without a verdict."""
        self.runs = {}
        if self.how.fork:
            worker.order({"stop": True})
        else:
            self.dismiss()

    def _hear(self, said: dict[str, Any]) -> None:
        key = str(said.get("key", ""))
        if key in self.runs:
            self.runs[key].heard.update(said)
            if "status" in said:
                self._finish(key)

    def _finish(self, key: str) -> None:
        """Judge a check that is over, or have it run once more."""
        run = self.runs.pop(key)
        answer, planned, heard = run.answer, run.planned, run.heard
        check = judge(planned, heard, answer.target, run.limit)
        if shaky(check, heard, self.how.starved):
            if run.tries < TRIES:
                self.alone.append(run)
                return
            check = at_last(check, heard, self.how.starved)
        answer.running.discard(planned.name)
        answer.seconds = time.monotonic() - answer.began
        answer.checks[planned.name] = check

    def _overdue(self, worker: Worker) -> str:
        now = time.monotonic()
        for each in self.runs.values():
            limit = each.limit
            if self.how.fork:  # the worker keeps the clock, if it can
                limit = limit * BUSY + PATIENCE
            if now - each.began > limit:
                return "late"
        printed = files.size(worker.scratch / "printed")
        return "flood" if printed > PRINTED and not self.how.fork else ""

    def _worker_is_lost(self, worker: Worker, cut: str) -> None:
        """Blame the one check that ran; of several, run each alone."""
        status = worker.kill() if cut else worker.process.wait()
        lost = {
            "status": status,
            "cut": cut,
            "stood": files.head(worker.scratch / "stood"),
            "printed": files.head(worker.scratch / "printed"),
        }
        room = files.room_problem(worker.scratch)
        self.dismiss()
        if not self.runs:
            raise MachineError(
                room or "The worker died, and no check was running."
            )
        if len(self.runs) > 1:
            for run in self.runs.values():
                run.tries -= 1  # another one's fault, perhaps
                self.alone.append(run)
            self.runs = {}
            return
        ((key, run),) = self.runs.items()
        run.heard = {**lost, **run.heard}
        if room or (self.how.fork and not cut and status >= 0):
            run.heard["machine"] = room or "The worker ended."
        run.heard.pop("phases", None)
        self._finish(key)


def _texts(suites: list[Suite]) -> dict[Path, bytes]:
    """Read the checks, and what they need."""
    folders = {suite.checks.parent for suite in suites}
    return {f: read(f) for each in folders for f in each.rglob("*.py")}


def _changed(before: dict[Path, bytes]) -> tuple[str, ...]:
    """Say which checks are not as they were: the next answer needs them."""
    return tuple(
        f"{shown(file, Path.cwd())} was changed while an answer ran. If that"
        " was not you, get it back from where you have the course from."
        for file, text in before.items()
        if read(file) != text
    )


def _files(suites: list[Suite]) -> list[Path]:
    return list(dict.fromkeys(each.checks for each in suites))
