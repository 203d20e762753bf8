"""Watch by `sys.monitoring`: Python 3.12 and later.

It costs nothing for code that is not watched, and sees every thread, however
old.
"""

import sys
from collections.abc import Callable
from sys import _getframe as frame_at
from types import CodeType
from typing import Any

from .watch import (
    CURRENT,
    ELSEWHERE,
    GENERATOR,
    THREADS,
    Watcher,
    in_thread,
    is_real_yield,
)

assert sys.version_info >= (3, 12), "it came with Python 3.12"

current = CURRENT.get
NAME = "fastapi_timeline"  # whose place it is


class Monitor(Watcher):
    """Takes one of Python's six places for tools."""

    tool = -1

    def __init__(self) -> None:
        super().__init__()
        self.wanted: dict[int, int] = {}  # by id of a code: which events
        self.unwound: Callable[..., Any] = unwinding(self.codes)

    def start(self) -> None:
        """Take a place; a RuntimeError says that none is free."""
        mon = sys.monitoring
        free = [i for i in (3, 4, 2, 1, 5, 0) if mon.get_tool(i) is None]
        if not free:
            message = "all six tool ids of sys.monitoring are taken"
            raise RuntimeError(message)
        mon.use_tool_id(free[0], NAME)
        self.tool = free[0]
        try:
            for event, call in self._callbacks().items():
                mon.register_callback(self.tool, event, call)
            # These two exist for all code or for none (no local form).
            on = mon.events
            mon.set_events(self.tool, on.PY_UNWIND | on.PY_THROW)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Give the place back."""
        mon, tool, self.tool = sys.monitoring, self.tool, -1
        self.wanted.clear()
        if tool < 0:
            return
        if mon.get_tool(tool) != NAME:
            return  # somebody has taken it from us
        try:
            mon.set_events(tool, 0)
            for event in self._callbacks():
                mon.register_callback(tool, event, None)
            for code in self.codes.values():
                mon.set_local_events(tool, code, 0)
        finally:
            mon.free_tool_id(tool)

    def watch(self, code: CodeType, *, start_only: bool = False) -> None:
        """Tell of this code from now on; asking again changes nothing."""
        known = self.wanted.get(id(code), 0)
        if self.tool < 0 or (known and start_only):
            return
        on = sys.monitoring.events
        wanted = on.PY_START
        if not start_only:
            wanted |= on.PY_RETURN
        if code.co_flags & GENERATOR:
            wanted |= on.PY_YIELD | on.PY_RESUME
        if wanted != known:
            sys.monitoring.set_local_events(self.tool, code, wanted)
            self.wanted[id(code)], self.codes[id(code)] = wanted, code

    def _callbacks(self) -> dict[int, Callable[..., Any]]:
        on = sys.monitoring.events
        return {
            on.PY_START: started,
            on.PY_RETURN: returned,
            on.PY_YIELD: yielded,
            on.PY_RESUME: resumed,
            on.PY_UNWIND: self.unwound,
            on.PY_THROW: self._thrown,
        }

    def _thrown(self, code: CodeType, _offset: int, exc: object) -> None:
        if code.co_flags & GENERATOR and id(code) in self.codes:
            live = current()
            if live:
                live.happened("resumed", code, frame_at(1), exc)


# Python says the code; its frame, which tells one call from another, is the
# one below ours.


def unwinding(codes: dict[int, CodeType]) -> Callable[..., Any]:
    """Make what is told of each exception in any code: it does little."""

    def unwound(code: CodeType, _offset: int, exc: object) -> None:
        if id(code) not in codes:
            return
        live = current()
        if live:
            live.happened("raised", code, frame_at(1), exc)
        elif ELSEWHERE or THREADS:
            in_thread("raised", code, frame_at(1), exc)

    return unwound


def started(code: CodeType, _offset: int) -> None:
    """Tell that a call begins."""
    live = current()
    if live:
        live.happened("began", code, frame_at(1), None)
    elif ELSEWHERE or THREADS:
        in_thread("began", code, frame_at(1), None)


def returned(code: CodeType, _offset: int, value: object) -> None:
    """Tell that it returns."""
    live = current()
    if live:
        live.happened("ended", code, frame_at(1), value)
    elif ELSEWHERE or THREADS:
        in_thread("ended", code, frame_at(1), value)


def resumed(code: CodeType, _offset: int) -> None:
    """Tell that a generator goes on."""
    live = current()
    if live:
        live.happened("resumed", code, frame_at(1), None)


def yielded(code: CodeType, _offset: int, value: object) -> None:
    """Tell that a generator gives a value; an `await` is no news."""
    live = current()
    if live and is_real_yield(code, value):
        live.happened("yielded", code, frame_at(1), value)
