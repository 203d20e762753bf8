"""Middleware and exception handlers of one request, as they run."""

from dataclasses import replace
from types import FrameType
from typing import Any

from .callables import class_name, error_name, isinstance_of
from .due import first_argument
from .framework import FRAMEWORK
from .notes import Notes
from .surroundings import UNREAD, Part, Surroundings
from .watch import Moment


class Around(Notes):
    """Follows what stands around the routes."""

    surroundings: Surroundings

    def __init__(self) -> None:
        # By id of a frame: its own lane, and that of the one around it.
        self.rings: dict[int, tuple[int | None, int | None]] = {}
        self.rows: dict[int, int] = {}  # by id of a part: its lane
        self.within: Part | None = None  # around the route that is called
        self.passing: dict[int, int] = {}  # lane: id of what its inside raised

    def chain(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow the first of a chain, from which the others are known."""
        known = self.surroundings
        if moment == "began":
            first = first_argument(frame)
            known.read(first)
            if id(first) in known.unread:
                self.remarks.append(UNREAD)
            if (id(frame.f_code), id(first)) not in known.parts:
                return
        self.around(moment, frame, value)

    def around(self, moment: Moment, frame: FrameType, value: object) -> bool:
        """Follow a middleware or a handler; say whether it was one."""
        if moment == "began":
            return self.enters(frame)
        if moment not in {"ended", "raised"} or id(frame) not in self.rings:
            return False
        lane, outer = self.rings.pop(id(frame))
        if lane is not None:
            self.over(lane, moment, frame, value)
        if outer is not None:
            self.returned(outer, moment, value)
        return True

    def reached(self, frame: FrameType) -> None:
        """Note that the route's own middleware has called its endpoint."""
        part, self.within = self.within, None
        lane = None if part is None else self.rows.get(id(part))
        if lane is not None:
            self.note("inner", lane)
            self.rings[id(frame)] = None, lane

    def returned(self, outer: int, moment: Moment, value: object) -> None:
        """Note that the inner application has come back to this one."""
        self.note("returned", outer)
        if moment == "raised":
            self.passing[outer] = id(value)

    def enters(self, frame: FrameType) -> bool:
        """Note the start of it, and that the one around it has called it."""
        parts, code = self.surroundings.parts, id(frame.f_code)
        part = parts.get((code, id(first_argument(frame))))
        part = part or parts.get((code, 0))
        if part is None or (part.handles and not by_framework(frame)):
            return False
        lane, outer = None, None
        if part.around is not None:
            outer = self.rows.get(id(part.around))
            if outer is not None:
                self.note("inner", outer)
        if part.plan is not None:
            lane = self.row(part, frame)
            self.note("entered", lane)
        self.rings[id(frame)] = lane, outer
        return True

    def row(self, part: Part, frame: FrameType) -> int:
        """Give it a lane; a handler's says which error it has."""
        plan: Any = part.plan
        if part.handles:
            plan = replace(plan, about=error_among(frame))
        self.lanes.append(plan)
        self.rows[id(part)] = len(self.lanes) - 1
        return len(self.lanes) - 1

    def next_called(
        self, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Follow `call_next`, which comes back when the response begins."""
        if moment == "began":
            part = self.surroundings.calls.get(id(frame.f_locals.get("self")))
            lane = None if part is None else self.rows.get(id(part))
            if lane is not None:
                self.note("inner", lane)
                self.rings[id(frame)] = None, lane
        elif moment in {"ended", "raised"} and id(frame) in self.rings:
            self.returned(self.rings.pop(id(frame))[1] or 0, moment, value)

    def over(
        self, lane: int, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Note the end of what has a row beside those of the order."""
        if moment == "ended" or isinstance_of(value, GeneratorExit):
            self.note("left", lane)
        else:
            place = (frame.f_code.co_filename, frame.f_lineno)
            name = error_name(value) or "an exception"
            passed = self.passing.get(lane) == id(value)
            self.note("broke", lane, f"↑{name}" if passed else name, place)


def by_framework(frame: FrameType) -> bool:
    """Tell a handler that the framework calls from one called by hand."""
    above = frame.f_back
    name = above.f_globals.get("__name__") if above else ""
    return type(name) is str and name.startswith((*FRAMEWORK, "anyio."))


def error_among(frame: FrameType) -> str:
    """Name the exception that a handler was given."""
    code, values = frame.f_code, frame.f_locals
    for name in code.co_varnames[: code.co_argcount]:
        if isinstance_of(values.get(name), BaseException):
            return class_name(type(values[name]))
    return ""
