"""One request while it runs: what is due to be called, what has begun."""

import contextlib
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from threading import get_ident
from time import perf_counter_ns
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
)
from typing import Any, Protocol

from . import model
from .callables import Described, static
from .due import Due, choose, first_argument
from .framework import FOLLOWED
from .notes import Notes, Planned, planned
from .tasks import Tasks
from .watch import GENERATOR, LAZY, Moment

# By id of the call, its kind and its scope: the call, its lane, its code.
Key = tuple[int, str, str]
Code = Callable[[], CodeType | None]
Plans = dict[Key, tuple["weakref.ref[Any]", Planned, Code, Code, Described]]


class Owner(Protocol):
    """What one request needs of the recorder that follows it."""

    plans: Plans
    roles: dict[int, str]
    blind: str
    watch: Callable[[CodeType], None]

    def give_up(self, exc: BaseException, live: "Live") -> object:
        """Say once what went wrong, and end these notes."""


@dataclass(slots=True, eq=False)
class Solving:
    """A call of `solve_dependencies` that runs."""

    dependant: Any
    plan: Planned
    about: Described
    owner: int  # the frame that waits for it
    by_hand: bool  # the application's own call
    shared: bool  # it was given values from elsewhere
    child: int = 0  # which of its dependencies is next
    lane: int = -1


class Live(Tasks, Notes):
    """Follows one request's calls; never calls the application."""

    def __init__(self, recorder: Owner, limit: int) -> None:
        Notes.__init__(self, limit)
        Tasks.__init__(self)
        self.recorder, self.watch = recorder, recorder.watch
        self.roles, self.plans = recorder.roles, recorder.plans
        self.solving: dict[int, Solving] = {}  # by id of its frame
        self.opened: list[Due] = []  # decorated: to be called from inside
        self.outer: dict[int, Due] = {}  # by id of the decorator's frame
        self.frames: dict[int, Due] = {}  # by id of a running frame
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
            if role is not None:
                getattr(self, FOLLOWED[role])(moment, frame, value)
            elif id(code) in self.own_codes:
                getattr(self, self.own_codes[id(code)])(moment, frame, value)
            elif moment == "began":
                self.began(code, frame)
            else:
                self.went_on(moment, frame, value)
        except Exception as exc:  # noqa: BLE001
            with contextlib.suppress(Exception):
                self.recorder.give_up(exc, self)
            self.closed = True

    # --- FastAPI resolves dependencies -------------------------------------

    def solve(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow `solve_dependencies`, entered once for each dependency."""
        if moment == "began":
            self._resolve(frame)
            return
        if moment not in {"ended", "raised"}:
            return  # Python 3.11 tells of its awaits, too
        me = self.solving.pop(id(frame), None)
        if me is None:
            return
        raised = moment == "raised"
        self.settle(id(frame), value if raised else None)
        if raised:
            if not me.by_hand:
                self.note("unreached", me.lane)
            return
        # FastAPI before 0.112.3 gives a tuple.
        errors = value[1] if isinstance(value, tuple) else value.errors  # type: ignore[attr-defined]
        if errors:
            if me.lane < 0:
                me.lane = self.add_lane(me.plan)
            self.note("invalid", me.lane)
            return
        call, about = me.dependant.call, me.about
        if call is None:
            return
        self.dues.append(
            Due(
                "endpoint" if me.plan.kind == "endpoint" else "dependency",
                me.lane,
                about.code,
                about.inner,
                call if me.lane >= 0 else me.plan,
                perf_counter_ns(),
                me.owner,
                about.cache,
                repeat=me.shared or id(call) in self.called,
                by_hand=me.by_hand,
            )
        )

    def _resolve(self, frame: FrameType) -> None:
        """Plan a lane, once for all requests that call the same.

        Who called `solve_dependencies` tells what this is: itself, for a
        dependency of a dependency; a route; or the application, by hand.
        """
        names, above = frame.f_locals, frame.f_back
        dependant, owner = names["dependant"], id(above)
        self.settle(owner)
        parent = self.solving.get(owner)
        asked, kind, by_hand = dependant, "dependency", False
        if parent is not None:
            shared = parent.shared
            if parent.child < len(parent.dependant.dependencies):
                asked = parent.dependant.dependencies[parent.child]
            parent.child += 1
        else:
            shared = bool(names.get("dependency_cache"))
            by_hand = not is_route(above)
            kind = "dependency" if by_hand else "endpoint"
        known = self.plan(kind, dependant.call, asked)
        me = Solving(dependant, *known, owner, by_hand, shared)
        if not by_hand:
            me.lane = self.add_lane(me.plan)
        self.solving[id(frame)] = me

    def plan(
        self, kind: Any, call: Any, asked: Any
    ) -> tuple[Planned, Described]:
        """Describe a call, or find how it was described before."""
        same = asked is None or asked.call is call
        scope = getattr(asked, "scope", None) or ""
        key = (id(call), kind, scope)
        known = self.plans.get(key) if same else None
        if known is not None and known[0]() is call:
            code, inner = known[2](), known[3]()
            return known[1], known[4]._replace(code=code, inner=inner)
        plan, about = planned(kind, call, asked)
        for code in (about.code, about.inner):
            if code is not None:
                self.watch(code)
        if len(self.plans) >= PLANS:
            self.plans.clear()
        if same and call is not None:
            with contextlib.suppress(TypeError):  # not everything can be
                self.plans[key] = (
                    weakref.ref(call),
                    plan,
                    weakly(about.code),
                    weakly(about.inner),
                    about._replace(code=None, inner=None),
                )
        return plan, about

    def add_lane(self, plan: Planned) -> int:
        """Give it a lane: its number."""
        self.lanes.append(plan)
        return len(self.lanes) - 1

    def plain(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow an endpoint of Starlette's, which has no dependencies."""
        if moment in {"ended", "raised"}:
            self.settle(id(frame), value if moment == "raised" else None)
        if moment != "began":
            return
        names = frame.f_locals
        if "scope" in names:
            scope = names["scope"]
            call = scope.get("endpoint")
            if call is None or hasattr(scope.get("route"), "dependant"):
                return  # FastAPI's: it will be solved
        else:
            call = handler_of(first_argument(frame))
            if call is None:
                return
        plan, about = self.plan("endpoint", call, None)
        lane, now = self.add_lane(plan), perf_counter_ns()
        known = about.code, about.inner
        self.dues.append(
            Due("endpoint", lane, *known, call, now, id(frame), about.cache)
        )

    def settle_endpoint(self, *, streams: bool = True) -> None:
        """FastAPI has moved on from the endpoint that was due.

        A response begins before the generator that it streams.
        """
        for due in [*self.dues, *self.awaited]:
            flags = due.code.co_flags if due.code else 0
            if due.kind == "endpoint" and (streams or not flags & GENERATOR):
                self.settle(due.owner)

    def settle(self, owner: int, exc: object = None) -> None:
        """Know that its owner has moved on: what has not begun, did not run.

        Where it is not Python code, nobody can see it begin: it is drawn
        from when its arguments were ready until now.
        """
        if self.awaited:
            what = "ended" if exc is None else "raised"
            self.end_awaited(owner, what, exc)
        if not self.dues:
            return
        for due in [d for d in self.dues if d.owner == owner]:
            if due.kind != "task":
                self.dues.remove(due)
                self.judge(due, exc)

    def judge(self, due: Due, exc: object = None) -> None:
        """Say of a call that was due and not seen what became of it."""
        if due.by_hand:
            return  # it may have been solved for its values alone
        self.called.add(id(due.call))
        if due.repeat:
            self.note("cached", due.lane)
        elif due.code is None:
            text = type(exc).__name__ if exc is not None else ""
            what = "raised" if exc is not None else "ended"
            self.unseen("began", due.lane, due.since)
            self.unseen(what, due.lane, perf_counter_ns(), text)
        elif due.cache:
            self.note("remembered", due.lane)
        elif exc is not None and not self.recorder.blind:
            self.misfit(due, exc)
        else:
            self.note("unseen", due.lane)
            self.lost = self.lost or self.recorder.blind

    # --- a function of the application runs ---------------------------------

    def began(self, code: CodeType, frame: FrameType) -> None:
        """Whose call is this? Nobody's, if the application made it itself."""
        found = [due for due in self.dues if due.code is code]
        due = choose(found, frame, self.loop) if found else None
        if due is not None:
            if not due.many:
                self.dues.remove(due)
            if due.lane < 0:  # solved by hand, and now it is called
                due.lane = self.add_lane(due.call)  # type: ignore[arg-type]
            else:
                self.called.add(id(due.call))
            if due.inner is not None:
                self.outer[id(frame)] = due
                self.opened.append(due)
                due.opened = True
                return
        else:
            inside = [d for d in self.opened if d.inner is code]
            if not inside:
                return
            due = inside[-1]
        due.begun += 1
        self.frames[id(frame)] = due
        if len(self.notes) < self.limit:
            now, thread = perf_counter_ns(), get_ident()
            self.notes.append((now, "began", due.lane, thread, "", None))
        else:
            self.dropped += 1

    def decorated(self, moment: Moment, due: Due, value: object) -> None:
        """Say so if a decorator has ended and never called the function.

        What it hands on to be awaited or iterated may still run it.
        """
        if moment == "ended" and not due.begun and type(value) in RUNS:
            return
        if moment in {"ended", "raised"} and due in self.opened:
            self.opened.remove(due)
            if not due.begun:
                due.begun = 1  # its verdict is known
                what = "answered" if moment == "ended" else "refused"
                self.note(what, due.lane)

    def went_on(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow what has begun: to its yield, and to its end."""
        due = self.frames.get(id(frame))
        if due is None:
            outer = self.outer.get(id(frame))
            if outer is not None and moment in {"ended", "raised"}:
                del self.outer[id(frame)]
                self.decorated(moment, outer, value)
            return
        lane = due.lane
        if moment == "ended":
            del self.frames[id(frame)]
            lazy = due.code is not frame.f_code or due.code.co_flags & LAZY
            if type(value) is CoroutineType and not lazy:
                self.awaited.append(due)  # its owner awaits it now
                return
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
            for due in [*self.dues, *self.awaited]:
                self.settle(due.owner)
            for due in self.opened:
                if not due.begun:
                    due.begun = 1
                    self.note("unreached", due.lane)
            self.never_ran()
        self.note(model.DONE)
        self.closed = True
        self.frames.clear()
        self.held.clear()
        self.called.clear()
        self.solving.clear()
        self.opened.clear()
        self.outer.clear()
        self.dues.clear()
        self.tasks.clear()
        self.awaited.clear()
        self.answering.clear()
        self.running.clear()


def is_route(frame: FrameType | None) -> bool:
    """Tell FastAPI's own call, for a route, from one by hand."""
    for _ in range(4):
        if frame is None:
            return False
        module = frame.f_globals.get("__name__")
        if module == "fastapi.routing":
            return frame.f_code.co_name == "app"
        if module == "fastapi.dependencies.utils":
            return False
        frame = frame.f_back
    return False


def handler_of(endpoint: Any) -> Any:
    """Give the method that a class of Starlette's calls for a request."""
    name = str(endpoint.scope["method"]).lower()
    kind = type(endpoint)
    if name == "head" and not hasattr(kind, "head"):
        name = "get"
    function = static(kind, name)
    if type(function) is not FunctionType:
        return None
    return MethodType(function, endpoint)


def weakly(code: CodeType | None) -> Code:
    """Know a code object, and do not keep it."""
    return nothing if code is None else weakref.ref(code)


def nothing() -> None:
    """Know none."""


# What a decorator may hand on, that has yet to run.
RUNS = (CoroutineType, GeneratorType, AsyncGeneratorType)
PLANS = 1000  # how many lanes are remembered from one request to the next
