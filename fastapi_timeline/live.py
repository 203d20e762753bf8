"""One request while it runs: what is due to be called, what has begun."""

from collections.abc import Callable
from threading import get_ident
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any, Protocol

from . import model
from .notes import Notes, Planned, planned
from .tasks import Due, Tasks
from .watch import Moment

# What was asked for and what answered, by id of the first; its lane.
Plans = dict[int, tuple[object, object, Planned]]


class Owner(Protocol):
    """What one request needs of the recorder that follows it."""

    plans: Plans
    roles: dict[int, str]
    blind: str
    watch: Callable[[CodeType], None]

    def give_up(self, exc: BaseException, live: "Live") -> object:
        """Say once what went wrong, and end these notes."""


class Live(Tasks, Notes):
    """Follows one request's calls; never calls the application."""

    def __init__(self, recorder: Owner, limit: int) -> None:
        Notes.__init__(self, limit)
        Tasks.__init__(self)
        self.recorder, self.watch = recorder, recorder.watch
        self.roles, self.plans = recorder.roles, recorder.plans
        # Running `solve_dependencies`: its dependant, its lane, its child.
        self.solving: list[list[Any]] = []
        self.due: Due | None = None  # what happens next, unless cached
        self.frames: dict[int, int] = {}  # id of a running frame: its lane
        self.held: dict[int, object] = {}  # lane: exception thrown at it
        self.called: set[int] = set()  # ids of dependencies called so far

    def happened(
        self, moment: Moment, code: CodeType, frame: FrameType, value: object
    ) -> None:
        """Take note of it; our own mistakes cost the picture, no more."""
        if self.closed:
            return
        try:
            role = self.roles.get(id(code))
            if role is None:
                if moment == "began":
                    self.began(code, frame)
                else:
                    self.went_on(moment, frame, value)
            elif role == "solve":
                self.solve(moment, frame, value)
            elif role == "task":
                self.task(moment, frame, value)
            elif moment == "began":
                self.task_made(frame)
        except Exception as exc:  # noqa: BLE001
            self.recorder.give_up(exc, self)

    # --- FastAPI resolves dependencies -------------------------------------

    def solve(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow `solve_dependencies`, entered once for each dependency."""
        if moment in {"resumed", "thrown"}:
            return  # Python 3.11 tells of its awaits, too
        if self.due is not None:
            self.settle(value if moment == "raised" else None)
        if moment == "began":
            self._resolve(frame.f_locals["dependant"])
            return
        lane = self.solving.pop()[1]
        if moment == "raised":
            self.note("unreached", lane)
            return
        # FastAPI before 0.112.3 gives a tuple.
        errors = value[1] if isinstance(value, tuple) else value.errors  # type: ignore[attr-defined]
        if errors:
            self.note("invalid", lane)
            return
        plan = self.lanes[lane]
        again = id(plan.call) in self.called
        self.due = Due(
            lane, plan.about.code, plan.call, perf_counter_ns(), again
        )

    def _resolve(self, dependant: Any) -> None:
        """Plan a lane, once for all requests to the same route.

        What is asked for stays the same object; what answers for it may be
        an override, made anew for each request.
        """
        asked, solving, lanes = dependant, self.solving, self.lanes
        if solving:
            parent = solving[-1]
            asked = parent[0].dependencies[parent[2]]
            parent[2] += 1
        solving.append([dependant, len(lanes), 0])
        known = self.plans.get(id(asked))
        call = dependant.call
        if known is not None and known[0] is asked and known[1] is call:
            lanes.append(known[2])
            return
        if len(self.plans) >= PLANS:
            self.plans.clear()
        if len(solving) > 1:
            plan = planned("dependency", call, asked)
        else:
            plan = planned("endpoint", call)
        self.plans[id(asked)] = (asked, call, plan)
        if plan.about.code is not None:
            self.watch(plan.about.code)
        lanes.append(plan)

    def settle(self, exc: object = None) -> None:
        """FastAPI has moved on: what was due and did not begin, did not run.

        Where it is not Python code, nobody can see it begin: it is drawn
        from when its arguments were ready until now.
        """
        due, self.due = self.due, None
        if due is None:
            return
        if due.code is None and not due.repeat:
            self.called.add(id(due.call))
            self.unseen("began", due.lane, due.since)
            text = type(exc).__name__ if exc else ""
            what = "raised" if exc else "ended"
            self.unseen(what, due.lane, perf_counter_ns(), text)
        else:
            self.called.add(id(due.call))
            cache = self.lanes[due.lane].about.cache
            first = "remembered" if cache else "unseen"
            self.note("cached" if due.repeat else first, due.lane)
            if first == "unseen" and not due.repeat:
                self.lost = self.recorder.blind

    # --- a function of the application runs ---------------------------------

    def began(self, code: CodeType, frame: FrameType) -> None:
        """Whose call is this? Nobody's, if the application made it itself."""
        due = self.due
        if due is not None and due.code is code:
            self.due = None
            self.called.add(id(due.call))
        else:
            found = self.due_task(code, frame)
            if found is None:
                return
            due = found
        self.frames[id(frame)] = due.lane
        if len(self.notes) < self.limit:
            now, thread = perf_counter_ns(), get_ident()
            self.notes.append((now, "began", due.lane, thread, "", None))
        else:
            self.dropped += 1

    def went_on(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow what has begun: to its yield, and to its end."""
        lane = self.frames.get(id(frame))
        if lane is None:
            return
        if moment == "ended":
            del self.frames[id(frame)]
            self.note("ended", lane)
        elif moment == "yielded":
            self.held[lane] = None
            self.note("yielded", lane)
        elif moment == "resumed":
            self._resumed(lane, value)
        elif moment == "thrown":
            self._thrown(lane, value)
        elif moment == "raised":
            del self.frames[id(frame)]
            self._raised(lane, frame, value)

    def _resumed(self, lane: int, exc: object) -> None:
        if lane in self.held and self.held[lane] is None:
            text = type(exc).__name__ if exc is not None else ""
            self.note("resumed", lane, text)
            if exc is None:
                self.held.pop(lane)
            else:
                self.held[lane] = exc

    def _thrown(self, lane: int, exc: object) -> None:
        """3.11 says only after the resuming that it was by an exception."""
        self.held[lane] = exc
        for number in range(len(self.notes) - 1, -1, -1):
            at, what, whose, thread, _, place = self.notes[number]
            if whose == lane and what == "resumed":
                text = type(exc).__name__
                self.notes[number] = (at, what, whose, thread, text, place)
                return

    def _raised(self, lane: int, frame: FrameType, exc: object) -> None:
        if isinstance(exc, GeneratorExit):
            self.note("ended", lane)
            return
        passed = exc is not None and self.held.get(lane) is exc
        name = type(exc).__name__ if exc is not None else "an exception"
        place = (frame.f_code.co_filename, frame.f_lineno)
        self.note("raised", lane, f"↑{name}" if passed else name, place)

    def finish(self) -> None:
        """Close the notes; what was made and never began, never ran."""
        if not self.closed:
            self.settle()
            self.never_ran()
        self.note(model.DONE)
        self.closed = True
        for plan in self.lanes:
            if plan.kind == "task":
                plan.call = None  # a closure may hold a database session
        self.frames.clear()
        self.held.clear()
        self.called.clear()
        self.solving.clear()
        self.due = None


PLANS = 1000  # how many lanes are remembered from one request to the next
