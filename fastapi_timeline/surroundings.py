"""What stands around the routes: middleware, and exception handlers.

Starlette builds a chain of objects, each of which calls the next: the page
for errors, the application's middleware, the exception handlers, the router.
The chain is read when its first object is entered for the first time, and
the code of each is watched from then on.
"""

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, MemberDescriptorType, MethodType
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware

from .callables import (
    class_name,
    code_of,
    describe,
    isinstance_of,
    name_of,
    own,
    static,
)
from .notes import Planned

OURS = (ServerErrorMiddleware, ExceptionMiddleware)  # Starlette's own
OWN = "fastapi."  # FastAPI puts some into each application
MOST = 300  # objects that are looked at to find the way through
UNREAD = "The middleware cannot be read: it has no rows."


@dataclass(slots=True, eq=False)
class Part:
    """What it means that a watched code is entered, with a certain `self`."""

    plan: Planned | None = None  # a row of its own begins
    around: "Part | None" = None  # the one that this is the inner part of
    handles: bool = False  # it is an exception handler


class Surroundings:
    """The chains that were read, for as long as a recorder watches."""

    def __init__(
        self, watch: Callable[[CodeType], None], roles: dict[int, str]
    ) -> None:
        self.watch, self.roles = watch, roles
        self.seen: dict[int, weakref.ref[Any]] = {}  # chains, by their first
        # By ids of a code and of its `self`, 0 where it has none.
        self.parts: dict[tuple[int, int], Part] = {}
        self.calls: dict[int, Part] = {}  # a `call_next`, by its middleware
        self.unread: set[int] = set()
        self.innermost: dict[int, Part] = {}  # by id of a route

    def clear(self) -> None:
        """Forget all."""
        self.seen.clear()
        self.parts.clear()
        self.calls.clear()
        self.unread.clear()
        self.innermost.clear()

    def read_outer(self, first: Any) -> None:
        """Read what somebody has put around the application itself."""
        chain = way(first, lambda one: isinstance_of(one, Starlette), [first])
        self.watch_all(chain or [])

    def read(self, first: Any) -> None:
        """Read a chain, once."""
        known = self.seen.get(id(first))
        if known is not None and known() is first:
            return
        self.seen[id(first)] = weakref.ref(first)
        self.unread.discard(id(first))
        chain = way(first, lambda one: isinstance_of(one, OURS[1]), [first])
        if chain is None:
            self.unread.add(id(first))
        self.watch_all(chain or [first])

    def read_route(self, route: Any) -> Part | None:
        """Read what a single route has around it, once; give the innermost."""
        known = self.seen.get(id(route))
        if known is not None and known() is route:
            return self.innermost.get(id(route))
        self.seen[id(route)] = weakref.ref(route)
        self.innermost.pop(id(route), None)
        values = own(route)
        first, last = values.get("app"), values.get("_base_app")
        chain = way(
            first, lambda one: one is last or serves_endpoint(one), [first]
        )
        if chain is None or len(chain) == 1:
            return None
        part = self.watch_all(chain[:-1])
        if part is not None:
            self.innermost[id(route)] = part
            if type(chain[-1]) is not FunctionType:
                self.put(code_of(chain[-1]), id(chain[-1]), Part(around=part))
        return part

    def watch_all(self, chain: list[Any]) -> Part | None:
        """Watch each of a chain; give the last, if it calls the next."""
        around: Part | None = None
        for layer in chain:
            around = self.add(layer, around)
            if isinstance_of(layer, OURS[0]):
                self.handlers([own(layer).get("handler")])
            elif isinstance_of(layer, OURS[1]):
                for name in ("_exception_handlers", "_status_handlers"):
                    found = own(layer).get(name)
                    if type(found) is dict:
                        self.handlers(list(found.values()))
        return around

    def add(self, layer: Any, around: Part | None) -> Part | None:
        """Watch one of the chain; give it if it calls the next directly."""
        code = code_of(layer)
        whose = id(layer) if type(layer) is not FunctionType else 0
        dispatch = own(layer).get("dispatch_func")
        if isinstance_of(layer, BaseHTTPMiddleware) and dispatch:
            if around:
                self.put(code, whose, Part(around=around))
            written = type(layer) is not BaseHTTPMiddleware
            name = class_name(type(layer)) if written else name_of(dispatch)
            part = self.calls[id(layer)] = Part(row(name, dispatch))
            owner = dispatch.__self__ if type(dispatch) is MethodType else None
            self.put(code_of(dispatch), id(owner) if owner else 0, part)
            return None
        module = type(layer).__module__
        if isinstance_of(layer, (*OURS, Starlette)) or module.startswith(OWN):
            if around:
                self.put(code, whose, Part(around=around))
            return None
        function = type(layer) in {FunctionType, MethodType}
        name = name_of(layer) if function else class_name(type(layer))
        part = Part(row(name, layer), around)
        self.put(code, whose, part)
        return part if code is not None else None

    def handlers(self, found: list[Any]) -> None:
        """Watch exception handlers."""
        for handler in found:
            code = None if handler is None else code_of(handler)
            if code is None:
                continue
            owner = handler.__self__ if type(handler) is MethodType else None
            plan = row(name_of(handler), handler, "handler")
            part = Part(plan, handles=True)
            self.put(code, id(owner) if owner is not None else 0, part)

    def put(self, code: CodeType | None, whose: int, part: Part) -> None:
        """Let this code, called with this `self`, be this part."""
        if code is None:
            return
        self.parts[id(code), whose] = part
        self.roles.setdefault(id(code), "around")
        self.watch(code)


def row(name: str, call: Any, kind: Any = "middleware") -> Planned:
    """Plan a row."""
    about = describe(call)
    return Planned(kind, name, about.form, about.place)


def serves_endpoint(layer: Any) -> bool:
    """Tell what Starlette or FastAPI has put around an endpoint."""
    if type(layer) is not FunctionType:
        return False
    return layer.__module__ in {"starlette.routing", "fastapi.routing"}


def way(
    first: Any, last: Callable[[Any], bool], passed: list[Any]
) -> list[Any] | None:
    """Find the way from an object to the one inside it that is meant."""
    if last(first):
        return [first]
    for inner in inside(first):
        if len(passed) > MOST:
            break
        if not any(inner is one for one in passed):
            passed.append(inner)
            rest = way(inner, last, passed)
            if rest is not None:
                return [first, *rest]
    return None


def inside(layer: Any) -> Iterator[Any]:
    """Give what this object may call, what it calls `app` first."""
    if type(layer) is MethodType:
        yield layer.__self__
        return
    values = dict(own(layer))
    if type(layer) is FunctionType:
        cells = layer.__closure__ or ()
        for name, cell in zip(layer.__code__.co_freevars, cells, strict=False):
            try:
                values[name] = cell.cell_contents
            except ValueError:
                continue  # not set yet
    slot = static(type(layer), "app")
    if type(slot) is MemberDescriptorType:
        values["app"] = slot.__get__(layer)
    if "app" in values:
        yield values.pop("app")
    yield from (one for one in values.values() if callable(one))
