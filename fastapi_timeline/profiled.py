"""Watch by `sys.setprofile`: Python 3.11, which has nothing better.

Python then asks about every call, which costs; and a thread must be told at
its start, so that worker threads older than the recorder stay unseen.
"""

import asyncio
import contextlib
import gc
import opcode
import sys
import threading
from types import CodeType, FrameType
from typing import Any

from .watch import CURRENT, Moment, Watcher, is_real_yield

BLIND = (
    "Python 3.11 cannot show what runs on worker threads older than the"
    " recorder: start it before the first request."
)

# Before 3.11.3 a profiled generator that went on still shows the garbage
# collector what it has long let go: a crash (python/cpython issue 101975).
CRASHES = sys.version_info < (3, 11, 3)
LITTER = 20_000  # objects that may lie about until nothing runs


class Profile(Watcher):
    """Attach before the server starts, its threads are told then.

    A profile function is not told which exception left a frame, so a trace
    function is added while watched code runs, if no debugger has its own.
    """

    active = False
    blind = BLIND

    def __init__(self) -> None:
        super().__init__()
        self.bytes: dict[int, bytes] = {}
        # A running frame's id: the exception last seen in it, and where.
        self.open: dict[int, tuple[object, int]] = {}
        self.local = threading.local()
        self.holds = False  # whether the garbage waits for us
        self.busy = 0  # requests that are watched

    def start(self) -> None:
        """Tell all threads that start from now on."""
        self.active = True
        self.holds = CRASHES and gc.isenabled()
        if self.holds:
            gc.disable()
        threading.setprofile(self._profile)

    def stop(self) -> None:
        """Let go; other threads do at their next call."""
        self.active = False
        threading.setprofile(None)
        if sys.getprofile() == self._profile:
            sys.setprofile(None)
        self.open.clear()
        if self.holds:
            gc.enable()

    def enter_thread(self) -> None:
        """Look at this thread too, unless somebody else does."""
        with self.lock:
            self.busy += 1
        if sys.getprofile() is None:
            sys.setprofile(self._profile)

    def leave_thread(self) -> None:
        """Take out the garbage now and then, when no request runs."""
        with self.lock:
            self.busy -= 1
        if self.holds and gc.get_count()[0] > LITTER:
            with contextlib.suppress(RuntimeError):  # a loop of another kind
                asyncio.get_running_loop().call_soon(self._tidy)

    def _tidy(self) -> None:
        if not self.busy:
            gc.collect()

    def watch(self, code: CodeType, *, start_only: bool = False) -> None:
        """Tell of this code from now on; asking again changes nothing."""
        del start_only  # a profile function is told of both
        if id(code) not in self.codes:
            self.bytes[id(code)] = code.co_code
            self.codes[id(code)] = code

    def _profile(self, frame: FrameType, event: str, value: object) -> None:
        code = frame.f_code
        if id(code) not in self.codes:
            if not self.active:
                sys.setprofile(None)
            return
        if event == "call":
            self._called(frame)
        elif event == "return":
            self._returned(frame, code, value)

    def _tell(self, moment: Moment, frame: FrameType, value: object) -> None:
        live = CURRENT.get()
        if live is not None:
            live.happened(moment, frame.f_code, frame, value)

    def _called(self, frame: FrameType) -> None:
        begins = id(frame) not in self.open
        self.open[id(frame)] = (None, -1)
        if sys.gettrace() in {None, ignore}:  # no debugger: see exceptions
            self.local.depth = getattr(self.local, "depth", 0) + 1
            frame.f_trace, frame.f_trace_lines = self._trace, False
            sys.settrace(ignore)
        self._tell("began" if begins else "resumed", frame, None)

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "exception" and id(frame) in self.open:
            fresh = self.open[id(frame)][0] is None
            self.open[id(frame)] = (arg[1], frame.f_lasti)
            code = self.bytes[id(frame.f_code)]
            if fresh and opcode.opname[code[frame.f_lasti]] == "YIELD_VALUE":
                self._tell("thrown", frame, arg[1])
        return self._trace

    def _returned(
        self, frame: FrameType, code: CodeType, value: object
    ) -> None:
        if sys.gettrace() is ignore:
            self.local.depth = getattr(self.local, "depth", 1) - 1
            if not self.local.depth:
                sys.settrace(None)
        exc, at = self.open.get(id(frame), (None, -1))
        last = opcode.opname[self.bytes[id(code)][frame.f_lasti]]
        # An exception thrown in at a yield leaves from that very yield.
        if last == "YIELD_VALUE" and at != frame.f_lasti:
            if is_real_yield(code, value):
                self._tell("yielded", frame, value)
        elif last == "RETURN_VALUE":
            self.open.pop(id(frame), None)
            self._tell("ended", frame, value)
        elif last != "RETURN_GENERATOR":
            self.open.pop(id(frame), None)
            self._tell("raised", frame, exc)


def ignore(*_: object) -> None:
    """Trace nothing but the frames that asked for it."""
