"""One request while it runs: what is due to be called, what has begun."""

import contextlib
import inspect
import weakref
from collections.abc import Callable
from threading import get_ident
from time import perf_counter_ns, process_time_ns
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

from . import logged, model
from .asides import STARTS, Asides
from .callables import (
    Described,
    bare,
    error_name,
    isinstance_of,
    own,
    static,
)
from .due import Due, choose, first_argument
from .notes import Notes, Planned, planned
from .surroundings import Surroundings
from .tasks import Tasks
from .watch import GENERATOR, LAZY, Moment

# By id of the call, its kind and its scope: the call, its lane, its code.
Key = tuple[int, str, str]
Plans = dict[Key, tuple["weakref.ref[Any]", Planned, Described]]


class Owner(Protocol):
    """What one request needs of the recorder that follows it."""

    plans: Plans
    roles: dict[int, str]  # by id of a code: our method for it
    surroundings: Surroundings
    blind: str
    stretches: bool
    watch: Callable[[CodeType], None]

    def give_up(self, exc: BaseException, live: "Live") -> object:
        """Say once what went wrong, and end these notes."""


class Solving(Due):
    """A call of `solve_dependencies` that runs; then what it is for is due."""

    lane = -1
    since = 0
    child = 0  # which of its dependencies is next
    shared = False  # it was given values from elsewhere
    provider: Any = None  # what is known of who has the overrides

    def __init__(
        self, dependant: Any, plan: Planned, about: Described, owner: int
    ) -> None:
        self.dependant, self.plan = dependant, plan
        self.kind, self.call, self.owner = plan.kind, dependant.call, owner
        self.code, self.inner = about.code, about.inner
        self.cache = about.cache

    def next(self) -> Any:
        """Give the dependency that is solved now, as the signature has it."""
        asked = self.dependant.dependencies
        self.child += 1
        return asked[self.child - 1] if self.child <= len(asked) else None


class Live(Tasks, Asides, Notes):
    """Follows one request's calls; never calls the application."""

    def __init__(self, recorder: Owner, limit: int) -> None:
        Notes.__init__(self, limit)
        Tasks.__init__(self)
        Asides.__init__(self)
        self.recorder, self.watch = recorder, recorder.watch
        self.roles, self.plans = recorder.roles, recorder.plans
        self.surroundings = recorder.surroundings
        if recorder.stretches:
            self.spent = [process_time_ns()]
        self.solving: dict[int, Solving] = {}  # by id of its frame
        self.opened: list[Due] = []  # decorated: to be called from inside
        self.outer: dict[int, Due] = {}  # by id of the decorator's frame
        self.frames: dict[int, Due] = {}  # by id of a running frame
        self.held: dict[int, object] = {}  # lane: exception thrown at it
        self.called: set[int] = set()  # ids of dependencies called so far
        # By id of a frame: a coroutine that nobody awaits yet, and its lane.
        self.handed: dict[int, tuple[weakref.ref[Any], int]] = {}

    def happened(
        self, moment: Moment, code: CodeType, frame: FrameType, value: object
    ) -> None:
        """Take note of it; our own mistakes cost the picture, no more."""
        if self.closed:
            if self.asides or self.expected:
                self.beside(moment, code, frame, value)
            return
        try:
            key = id(code)
            role = self.roles.get(key)
            if role is None and self.own_codes:
                role = self.own_codes.get(key)
            if role and getattr(self, role)(moment, frame, value) is not False:
                return
            following = self.asides or self.expected
            if following and self.aside(moment, frame, value):
                return
            if self.handed:
                self.handed.pop(id(frame), None)  # somebody awaits it
            if moment == "began":
                self.began(code, frame)
            else:
                self.went_on(moment, frame, value)
        except Exception as exc:  # noqa: BLE001
            self.mistaken(exc)

    def beside(
        self, moment: Moment, code: CodeType, frame: FrameType, value: object
    ) -> None:
        """Take note of what the request started and does not wait for."""
        try:
            role = self.roles.get(id(code))
            if role and (role == "log" or role in STARTS.values()):
                getattr(self, role)(moment, frame, value)
            else:
                self.aside(moment, frame, value)
        except Exception as exc:  # noqa: BLE001
            self.mistaken(exc)

    def mistaken(self, exc: Exception) -> None:
        """Give these notes up; the request goes on."""
        with contextlib.suppress(Exception):
            self.recorder.give_up(exc, self)
        self.closed = True
        self.asides.clear()
        self.expected.clear()

    # --- what its functions log ---------------------------------------------

    def log(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow `Logger.callHandlers`: warnings and errors, no others."""
        del value
        names = frame.f_code.co_varnames
        if moment != "began" or len(names) < 2:  # noqa: PLR2004 (self, record)
            return
        record: Any = frame.f_locals.get(names[1])
        level = getattr(record, "levelno", 0)
        above = frame.f_back
        if type(level) is not int or level < logged.LEAST or above is None:
            return
        if self.roles.get(id(above.f_code)) != "log":  # it called its super
            self.note(model.LOGGED, self.lane_of(above), logged.line(record))

    def lane_of(self, frame: FrameType | None) -> int | None:
        """Say in whose function this is, however deep."""
        for _ in range(DEEPEST):
            if frame is None:
                break
            key = id(frame)
            due = self.frames.get(key) or self.outer.get(key)
            if due is not None:
                return due.lane
            lane = self.asides.get(key, self.rings.get(key, NONE)[0])
            if lane is not None:
                return lane
            frame = frame.f_back
        return None

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
        if self.dues or self.awaited:
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
        if me.call is not None:
            self.solved(me)

    def solved(self, me: Solving) -> None:
        """Know that its own dependencies are there: it is to be called."""
        me.repeat = me.shared or id(me.call) in self.called
        if me.lane < 0:
            me.call = me.plan
        if me.code is None:
            me.since = perf_counter_ns()
        self.dues.append(me)

    def _resolve(self, frame: FrameType) -> None:
        """Plan a lane, once for all requests that call the same.

        Who called `solve_dependencies` tells what this is: itself, for a
        dependency of a dependency; a route; or the application, by hand.
        """
        above = frame.f_back
        owner = id(above)
        if self.dues or self.awaited:
            self.settle(owner)
        parent = self.solving.get(owner)
        if parent is None:
            names = frame.f_locals
            dependant, by_hand = names["dependant"], not is_route(above)
            kind = "dependency" if by_hand else "endpoint"
            known = self.plan(kind, dependant.call, dependant)
            me = Solving(dependant, *known, owner)
            me.by_hand = by_hand
            me.shared = bool(names.get("dependency_cache"))
            provider = names.get("dependency_overrides_provider")
            me.provider = FREE if provider is None else own(provider)
        else:
            dependant = asked = parent.next()
            if asked is None or overrides(parent.provider):
                dependant = frame.f_locals["dependant"]
                asked = asked or dependant
            known = self.plan("dependency", dependant.call, asked)
            me = Solving(dependant, *known, owner)
            me.shared, me.provider = parent.shared, parent.provider
        if not me.by_hand:
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
            return known[1], known[2]
        plan, about = planned(kind, call, asked)
        for code in (about.code, about.inner):
            if code is not None:
                self.watch(code)
        if len(self.plans) >= PLANS:
            self.plans.clear()
        if same and call is not None:
            with contextlib.suppress(TypeError):  # not everything can be
                self.plans[key] = weakref.ref(call), plan, about
        return plan, about

    def add_lane(self, plan: Planned) -> int:
        """Give it a lane: its number.

        FastAPI solves what many share once for each path to it.
        """
        if len(self.lanes) >= self.limit:
            self.limit = 0  # nothing is noted any more
            return 0
        self.lanes.append(plan)
        return len(self.lanes) - 1

    def plain(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow an endpoint of Starlette's, which has no dependencies."""
        if moment in {"ended", "raised"}:
            self.settle(id(frame), value if moment == "raised" else None)
            if self.rings:
                self.around(moment, frame, value)
        if moment != "began":
            return
        self.reached(frame)
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
        self.due_endpoint(call, id(frame))

    def due_endpoint(self, call: Any, owner: int) -> None:
        """Expect that this frame calls it."""
        due = self.due("endpoint", call, owner)
        due.call = call
        self.dues.append(due)

    def route(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow a route that has middleware of its own.

        And one whose endpoint is an ASGI application, no function; others are
        followed where they are called.
        """
        del value
        if moment != "began":
            return
        route = first_argument(frame)
        values = own(route)
        if type(values.get("app")) is not FunctionType:
            self.within = self.surroundings.read_route(route)
        call = values.get("endpoint")
        inner = bare(call)
        known = isinstance_of(inner, type) or type(inner) is FunctionType
        if call is not None and not known:
            self.due_endpoint(call, id(frame))

    def socket(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow a class of Starlette's for WebSockets: all of it is one."""
        if moment != "began":
            self.went_on(moment, frame, value)
            return
        due = self.due("endpoint", type(first_argument(frame)), id(frame))
        due.code, due.inner = frame.f_code, None
        self.frames[id(frame)] = due
        self.note("began", due.lane)

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
            text = error_name(exc)
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
        if len(found) == 1 and found[0].owner == id(frame.f_back):
            due: Due | None = found[0]
        else:
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
        self.note("began", due.lane)

    def decorated(self, moment: Moment, due: Due, value: object) -> None:
        """Say so if a decorator has ended and never called the function.

        What it hands on to be awaited or iterated may still run it.
        """
        if moment == "ended" and not due.begun and type(value) in RUNS:
            if type(value) is CoroutineType and get_ident() != self.loop:
                self.handed_on(value, due.lane)
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
                if get_ident() == self.loop:
                    self.awaited.append(due)  # its owner awaits it now
                    return
                self.handed_on(value, lane)
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

    def handed_on(self, coroutine: Any, lane: int) -> None:
        """Expect what a worker thread gave back to be awaited by somebody."""
        frame = coroutine.cr_frame
        if inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED:
            return
        key = id(frame)

        def gone(_: object) -> None:
            if self.handed.pop(key, None) is not None:
                self.unawaited(lane)

        self.handed[key] = weakref.ref(coroutine, gone), lane
        self.watch(coroutine.cr_code)

    def unawaited(self, lane: int) -> None:
        """Note that what it returned was to be awaited, and never was."""
        self.note(model.UNAWAITED, lane, model.UNAWAITED)
        for due in self.opened:
            if due.lane == lane:
                due.begun = 1  # its verdict is known

    def _resumed(self, lane: int, exc: object) -> None:
        if lane in self.held and self.held[lane] is None:
            text = error_name(exc)
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
                text = error_name(exc)
                self.notes[number] = (at, what, whose, thread, text, place)
                return

    def _raised(self, lane: int, frame: FrameType, exc: object) -> None:
        if isinstance_of(exc, GeneratorExit):
            self.note("ended", lane)
            return
        passed = exc is not None and self.held.get(lane) is exc
        name = error_name(exc) or "an exception"
        place = (frame.f_code.co_filename, frame.f_lineno)
        self.note("raised", lane, f"↑{name}" if passed else name, place)

    def finish(self) -> None:
        """Close the notes; what was made and never began, never ran."""
        if not self.closed:
            for due in [*self.dues, *self.awaited]:
                self.settle(due.owner)
            for _, lane in list(self.handed.values()):
                self.unawaited(lane)
            for due in self.opened:
                if not due.begun:
                    due.begun = 1
                    self.note("unreached", due.lane)
            self.never_ran()
            self.overlooked()
        self.note(model.DONE)
        self.closed = True
        self.frames.clear()
        self.held.clear()
        self.handed.clear()
        self.called.clear()
        self.solving.clear()
        self.opened.clear()
        self.outer.clear()
        self.dues.clear()
        self.tasks.clear()
        self.awaited.clear()
        self.answering.clear()
        self.running.clear()
        self.rings.clear()
        self.rows.clear()
        self.passing.clear()


def overrides(provider: dict[str, Any]) -> bool:
    """Tell whether another dependency may stand in for the one asked for.

    To read it from the frame takes longer than all else.
    """
    known = provider.get(OVERRIDES)
    return type(known) is not dict or bool(known)


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


# What a decorator may hand on, that has yet to run.
RUNS = (CoroutineType, GeneratorType, AsyncGeneratorType)
NONE = (None, None)
OVERRIDES = "dependency_overrides"
FREE: dict[str, Any] = {OVERRIDES: {}}
DEEPEST = 200  # frames between a log record and the function it is from
PLANS = 1000  # how many lanes are remembered from one request to the next
