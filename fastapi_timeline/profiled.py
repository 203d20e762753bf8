"""Watch by `sys.setprofile`: Python 3.11, which has nothing better.

Python then asks about every call, which costs; and a thread must be told at
its start, so that worker threads older than the recorder stay unseen.
"""

import asyncio
import contextlib
import gc
import importlib
import opcode
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from starlette.middleware.exceptions import ExceptionMiddleware

from .callables import error_name, isinstance_of
from .watch import (
    CURRENT,
    ELSEWHERE,
    GENERATOR,
    THREADS,
    Moment,
    Watcher,
    in_thread,
    is_real_yield,
)

BLIND = (
    "Python 3.11 cannot show what runs on worker threads older than the"
    " recorder: start it before the first request."
)

OTHER = (
    "Another profiler is at work, and Python 3.11 has room for one: what was"
    " called is not in the picture, or not all of it. Record without it."
)

# Before 3.11.3 a profiled generator that went on still shows the garbage
# collector what it has long let go: a crash (python/cpython issue 101975).
CRASHES = sys.version_info < (3, 11, 3)
NEVER = -2  # in place of where: it is left before it has begun
LITTER = 20_000  # objects that may lie about until nothing runs


class Profile(Watcher):
    """Attach before the server starts, its threads are told then.

    A profile function is not told which exception left a frame, so a trace
    function is added while watched code runs, if no debugger has its own.
    Where one has (coverage has, too), the exception is known when it reaches
    the framework: then the notes are completed. One that the application
    catches before stays without a name.
    """

    active = False
    blind = BLIND
    stretches = True

    def __init__(self) -> None:
        super().__init__()
        self.catchers: dict[int, CodeType] = {}
        self.profile = self._make_profile()
        self.bytes: dict[int, bytes] = {}
        # A running frame's id: the exception last seen in it, and where.
        self.open: dict[int, tuple[object, int]] = {}
        # Id of a frame that was left by an exception without a name: whose
        # notes, where in them, and the exceptions that were known by then.
        self.unnamed: dict[int, tuple[Any, int, frozenset[int]]] = {}
        self.yields: dict[int, int] = {}  # where a running frame has yielded
        self.known: dict[int, set[int]] = {}  # by id of the notes
        self.local = threading.local()
        self.holds = False  # whether the garbage waits for us
        self.busy = 0  # requests that are watched

    def start(self) -> None:
        """Tell all threads that start from now on."""
        self.active = True
        self.holds = CRASHES and gc.isenabled()
        if self.holds:
            gc.disable()
        self.catchers.update({id(code): code for code in catchers()})
        if threading.getprofile() is None:
            threading.setprofile(self.profile)

    def stop(self) -> None:
        """Let go; other threads do at their next call."""
        self.active = False
        if threading.getprofile() is self.profile:
            threading.setprofile(None)
        if sys.getprofile() is self.profile:
            sys.setprofile(None)
        self.open.clear()
        self._forget()
        if self.holds:
            gc.enable()

    def enter_thread(self) -> str:
        """Look at this thread too, unless somebody else does: say so."""
        with self.lock:
            self.busy += 1
        if sys.getprofile() is None:
            sys.setprofile(self.profile)
        ours = {sys.getprofile(), threading.getprofile()} == {self.profile}
        return "" if ours else OTHER

    def leave_thread(self) -> None:
        """Take out the garbage now and then, when no request runs."""
        with self.lock:
            self.busy -= 1
            if not self.busy:
                self._forget()
        if self.holds and gc.get_count()[0] > LITTER:
            with contextlib.suppress(RuntimeError):  # a loop of another kind
                asyncio.get_running_loop().call_soon(self._tidy)

    def _forget(self) -> None:
        self.yields.clear()
        self.unnamed.clear()
        self.known.clear()

    def _tidy(self) -> None:
        if not self.busy:
            gc.collect()

    def watch(self, code: CodeType, *, start_only: bool = False) -> None:
        """Tell of this code from now on; asking again changes nothing."""
        del start_only  # a profile function is told of both
        if id(code) not in self.codes:
            self.bytes[id(code)] = code.co_code
            self.codes[id(code)] = code

    def _make_profile(self) -> Callable[[FrameType, str, Any], None]:
        """Make what Python asks about every call: the less it does, the better.

        Calls of C functions are the most, and of no interest.
        """
        codes, catchers_ = self.codes, self.catchers

        def profile(frame: FrameType, event: str, value: object) -> None:
            if event == "c_call" or event == "c_return":  # noqa: PLR1714 (fast)
                return
            code = frame.f_code
            if id(code) in codes:
                if event == "call":
                    self._called(frame)
                elif event == "return":
                    self._returned(frame, code, value)
            elif not self.active:
                sys.setprofile(None)
            elif event == "call" and id(code) in catchers_:
                self._caught(frame)

        return profile

    def _tell(self, moment: Moment, frame: FrameType, value: object) -> None:
        live = CURRENT.get()
        if live is not None:
            live.happened(moment, frame.f_code, frame, value)
        elif ELSEWHERE or THREADS:
            in_thread(moment, frame.f_code, frame, value)

    def _called(self, frame: FrameType) -> None:
        begins = id(frame) not in self.open and self._starts(frame)
        never = self._instruction(frame) == "RETURN_GENERATOR"
        self.open[id(frame)] = (None, NEVER if never else -1)
        if sys.gettrace() in {None, ignore}:  # no debugger: see exceptions
            self.local.depth = getattr(self.local, "depth", 0) + 1
            frame.f_trace, frame.f_trace_lines = self._trace, False
            sys.settrace(ignore)
        if not never:
            self._tell("began" if begins else "resumed", frame, None)

    def _starts(self, frame: FrameType) -> bool:
        """Tell a start from the going on of what began unwatched.

        Python tells of a call at its RESUME, whose number is 0 at a start.
        """
        code, at = self.bytes[id(frame.f_code)], frame.f_lasti
        resumes = at >= 0 and opcode.opname[code[at]] == "RESUME"
        return not (resumes and code[at + 1])

    def _instruction(self, frame: FrameType) -> str:
        code = self.bytes[id(frame.f_code)]
        return opcode.opname[code[frame.f_lasti]] if frame.f_lasti >= 0 else ""

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "exception" and id(frame) in self.open:
            fresh = self.open[id(frame)][0] is None
            self.open[id(frame)] = (arg[1], frame.f_lasti)
            if fresh and self._instruction(frame) == "YIELD_VALUE":
                self._tell("thrown", frame, arg[1])
        return self._trace

    def _returned(
        self, frame: FrameType, code: CodeType, value: object
    ) -> None:
        ours = sys.gettrace() in {None, ignore}
        if sys.gettrace() is ignore:
            self.local.depth = getattr(self.local, "depth", 1) - 1
            if not self.local.depth:
                sys.settrace(None)
        exc, at = self.open.get(id(frame), (None, -1))
        last = self._instruction(frame)
        # An exception thrown in at a yield leaves from that very yield.
        passed = at == frame.f_lasti
        if not ours and value is None:  # nor does it yield twice from there
            passed = self.yields.get(id(frame)) == frame.f_lasti
        if last == "YIELD_VALUE" and not passed:
            if is_real_yield(code, value):
                self.yields[id(frame)] = frame.f_lasti
                self._tell("yielded", frame, value)
        elif last == "RETURN_VALUE":
            self._left(frame)
            self._tell("ended", frame, value)
        elif last != "RETURN_GENERATOR" or exc is not None or at == NEVER:
            self._left(frame)
            before = noted()
            self._tell("raised", frame, exc)
            if exc is None and noted() != before:
                self._remember(frame)

    def _left(self, frame: FrameType) -> None:
        self.open.pop(id(frame), None)
        self.yields.pop(id(frame), None)

    # --- somebody else traces: the exception is known a little later --------

    def _remember(self, frame: FrameType) -> None:
        live = CURRENT.get()
        notes = getattr(live, "notes", None)
        if notes and notes[-1][1] == "raised":
            known = frozenset(self.known.get(id(live), ()))
            self.unnamed[id(frame)] = (live, len(notes) - 1, known)

    def _caught(self, frame: FrameType) -> None:
        """Complete the notes by an exception that the framework has now."""
        live = CURRENT.get()
        if live is None or sys.gettrace() in {None, ignore}:
            return
        last = frame.f_code.co_code[max(frame.f_lasti, 0)]
        if opcode.opname[last] == "YIELD_VALUE":
            return  # a coroutine that goes on: what it had may be old
        values = frame.f_locals
        exc = values.get("exc")
        if exc is None:
            exc = (*values.get("exc_details", ()), None, None)[1]
        seen: set[int] = set()
        while isinstance_of(exc, BaseException) and id(exc) not in seen:
            seen.add(id(exc))
            self._name(exc)
            self._passed(live, exc)
            cause = exc.__cause__
            exc = exc.__context__ if cause is None else cause
        self.known.setdefault(id(live), set()).update(seen)

    def _name(self, exc: BaseException) -> None:
        """Find the frames that it left by its traceback."""
        trace = exc.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            if id(frame) in self.unnamed:
                live, number, known = self.unnamed.pop(id(frame))
                at, what, lane, thread, _, _ = live.notes[number]
                text = error_name(exc)
                if frame.f_code.co_flags & GENERATOR and id(exc) in known:
                    text = f"↑{text}"  # it was thrown into it at its yield
                place = (frame.f_code.co_filename, trace.tb_lineno)
                live.notes[number] = (at, what, lane, thread, text, place)
            trace = trace.tb_next

    def _passed(self, live: Any, exc: BaseException) -> None:
        """Find those that let it through: contextlib makes them forgotten.

        Had they raised another one, that would have come here, not this.
        """
        for key, (owner, number, known) in list(self.unnamed.items()):
            if owner is live and id(exc) in known:
                del self.unnamed[key]
                at, what, lane, thread, _, place = live.notes[number]
                text = f"↑{error_name(exc)}"
                live.notes[number] = (at, what, lane, thread, text, place)


def catchers() -> list[CodeType]:
    """Find what the framework calls with an exception, as an argument."""
    found = [contextlib.AsyncExitStack.__aexit__.__code__]
    with contextlib.suppress(ImportError, AttributeError):
        module = importlib.import_module("starlette._exception_handler")
        found.append(module._lookup_exception_handler.__code__)  # noqa: SLF001
        return found
    old: Any = ExceptionMiddleware  # Starlette 0.27 has it there
    with contextlib.suppress(AttributeError):
        found.append(old._lookup_exception_handler.__code__)  # noqa: SLF001
    return found


def noted() -> int:
    """Count the notes of the request that runs here."""
    return len(getattr(CURRENT.get(), "notes", ()))


def ignore(*_: object) -> None:
    """Trace nothing but the frames that asked for it."""
