"""Watch code objects run, without changing one of them.

Python says when a chosen code object begins, yields, is resumed, ends or is
left by an exception. Nothing of the application is wrapped, so it cannot
behave differently for being watched. How Python says it depends on its
version: monitored.py (3.12 and later) and profiled.py (3.11).

There is one watcher for the process, since Python has room for six tools
only and a page may hold more recorders than that.
"""

import sys
import weakref
from contextvars import ContextVar
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from threading import Lock, get_ident
from types import CodeType, FrameType
from typing import Any, Literal, Protocol

Moment = Literal["began", "yielded", "resumed", "thrown", "ended", "raised"]

GENERATOR = CO_GENERATOR | CO_ASYNC_GENERATOR
LAZY = GENERATOR | CO_COROUTINE


class Listener(Protocol):
    """Who is told; a contextvar says for which request."""

    def happened(
        self, moment: Moment, code: CodeType, frame: FrameType, value: object
    ) -> None:
        """Take note of it; must never raise."""

    def beside(
        self, moment: Moment, code: CodeType, frame: FrameType, value: object
    ) -> None:
        """Take note of what happens in a thread without our context."""


CURRENT: ContextVar[Listener | None] = ContextVar("timeline", default=None)
# What has not our context, by its id: a thread's object, or the frame of a
# coroutine; who started it, and its lane. Threads then by their number.
ELSEWHERE: dict[int, tuple[weakref.ref[Any], Any, int]] = {}
THREADS: dict[int, tuple[Any, int]] = {}  # and the id of its first frame


def in_thread(
    moment: Moment, code: CodeType, frame: FrameType, value: object
) -> None:
    """Tell the starter of this, which does not have its context."""
    live, first = THREADS.get(get_ident(), (None, 0))
    if live is None and id(frame) in ELSEWHERE:  # a coroutine
        live = ELSEWHERE[id(frame)][1]
    elif live is None and moment == "began" and code.co_argcount:
        runner = frame.f_locals.get(code.co_varnames[0])
        expected = ELSEWHERE.get(id(runner))
        if expected is not None and expected[0]() is runner:
            del ELSEWHERE[id(runner)]
            live = expected[1]
            THREADS[get_ident()] = live, id(frame)
            live.asides[id(frame)] = expected[2]
    if live is not None:
        live.beside(moment, code, frame, value)
    if id(frame) == first and moment in {"ended", "raised"}:
        del THREADS[get_ident()]


def is_real_yield(code: CodeType, value: object) -> bool:
    """Tell `yield` from `await`: both suspend an async generator."""
    if not code.co_flags & CO_ASYNC_GENERATOR:
        return bool(code.co_flags & CO_GENERATOR)
    return type(value).__name__ == "async_generator_wrapped_value"


class Watcher:
    """The code objects watched, for as long as somebody wants to see them."""

    blind = ""  # why Python code that was called may not be seen
    stretches = False  # code runs slower for being watched

    def __init__(self) -> None:
        # By identity: code objects of one file loaded twice are *equal*.
        self.codes: dict[int, CodeType] = {}
        self.users = 0
        self.lock = Lock()

    def use(self, user: object) -> weakref.finalize:  # type: ignore[type-arg]
        """Begin to watch; calling what is returned ends it, once."""
        with self.lock:
            if not self.users:
                self.start()
            self.users += 1
        return weakref.finalize(user, self._release)

    def _release(self) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                try:
                    self.stop()
                finally:
                    self.codes.clear()
                    ELSEWHERE.clear()
                    THREADS.clear()

    def watch(self, code: CodeType, *, start_only: bool = False) -> None:
        """Tell of this code from now on; asking again changes nothing."""
        raise NotImplementedError

    def start(self) -> None:
        """Ask Python; a RuntimeError says why it cannot be had."""
        raise NotImplementedError

    def stop(self) -> None:
        """Leave nothing behind."""
        raise NotImplementedError

    def enter_thread(self) -> str:
        """Look at this thread, too: the loop's; say why it cannot be."""
        return ""

    def leave_thread(self) -> None:
        """Know that a request is over."""


def make_watcher() -> Watcher:
    """Choose the way that this Python offers."""
    if sys.version_info >= (3, 12):
        from .monitored import Monitor  # noqa: PLC0415 (not on 3.11)

        return Monitor()
    else:  # noqa: RET505 (mypy follows this form)
        from .profiled import Profile  # noqa: PLC0415 (only on 3.11)

        return Profile()
