"""A call that is about to happen, and which call that runs is this one."""

from dataclasses import dataclass
from threading import get_ident
from types import CodeType, FrameType

from .model import Kind

DEEP = 40  # frames between FastAPI and what it calls, decorators included
# A validator that calls the same function is no call of FastAPI's.
VALIDATING = ("pydantic.", "fastapi._compat")


@dataclass(eq=False)
class Due:
    """A call that is about to happen; `owner` is the frame that makes it."""

    kind: Kind
    lane: int
    code: CodeType | None
    inner: CodeType | None  # the decorated function's, if not the same
    call: object
    since: int  # nanoseconds on the process's clock
    owner: int
    cache: bool = False  # functools may answer for it
    repeat: bool = False  # called before: its value may come from the cache
    by_hand: bool = False  # its dependencies were solved by the application
    direct: bool = False  # its owner calls it without anybody between
    many: bool = False  # its owner may call it again, or never
    begun: int = 0  # how often it was seen to begin
    opened: bool = False  # its decorator runs, or has run

    def is_made_by(self, frame: FrameType, loop: int) -> bool:
        """Tell whether FastAPI made this call, and not the application.

        A worker thread calls what it was given; on the loop, who called
        stands above.
        """
        if self.direct:
            return id(frame.f_back) == self.owner
        if get_ident() != loop:
            return True
        found = self.is_below(frame)
        if found is None:  # a stream, or a hand, calls from elsewhere
            return self.kind != "dependency" or self.by_hand
        return found

    def is_below(self, frame: FrameType) -> bool | None:
        """Look for the owner above; a validator between makes it no."""
        above = frame.f_back
        for _ in range(DEEP):
            if above is None:
                return None
            if id(above) == self.owner:
                return True
            module = above.f_globals.get("__name__", "")
            if type(module) is str and module.startswith(VALIDATING):
                return False
            above = above.f_back
        return None

    def encloses(self, frame: FrameType) -> bool:
        """Tell it by the values that it, and the frame, has around it."""
        inside, code = frame.f_locals, frame.f_code
        if code.co_argcount and inside.get(code.co_varnames[0]) is self.call:
            return True  # an object that is called: `self`
        cells = getattr(self.call, "__closure__", None)
        if type(cells) is not tuple:
            return not code.co_freevars
        return all(
            name in inside and inside[name] is cell_value(cell)
            for name, cell in zip(code.co_freevars, cells, strict=False)
        )


def cell_value(cell: object) -> object:
    """Look into a closure's cell; an empty one holds itself, so to speak."""
    try:
        return cell.cell_contents  # type: ignore[attr-defined]
    except ValueError:
        return cell


def choose(found: list[Due], frame: FrameType, loop: int) -> Due | None:
    """Choose the call that this is, of those that run the same code."""
    made = [due for due in found if due.is_made_by(frame, loop)]
    if len(made) == 1:
        return made[0]
    if len(made) > 1:
        made = [d for d in made if d.is_below(frame)] or made
    if len(made) > 1:  # from one factory, and due at the same time
        made = [d for d in made if d.encloses(frame)] or made
    return min(made, key=lambda due: due.begun) if made else None


def reached(exc: object, code: CodeType) -> bool:
    """Tell whether an exception came by this code."""
    trace = getattr(exc, "__traceback__", None)
    while trace is not None:
        if trace.tb_frame.f_code is code:
            return True
        trace = trace.tb_next
    return False


def first_argument(frame: FrameType) -> object:
    """Give what a method calls `self`, whatever it calls it."""
    code, inside = frame.f_code, frame.f_locals
    if code.co_argcount:
        return inside.get(code.co_varnames[0])
    rest = inside.get(code.co_varnames[code.co_kwonlyargcount], None)
    return rest[0] if type(rest) is tuple and rest else None
