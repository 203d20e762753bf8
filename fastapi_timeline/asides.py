"""What a request starts beside itself: asyncio tasks, and threads.

A task of asyncio has a copy of the request's context, so it is known by it.
A thread has not: it is known by the object whose `run` it will call. Nor has
a task that is given a context: it is known by its frame.
"""

import asyncio
import contextlib
import functools
import importlib
import inspect
import sys
import sysconfig
import threading
import weakref
from concurrent.futures import thread as pool
from functools import partial
from pathlib import Path
from types import BuiltinMethodType, CodeType, CoroutineType, FrameType
from typing import Any

from . import model
from .around import Around
from .callables import (
    code_of,
    form_of,
    isinstance_of,
    name_of,
    own,
    place_of,
    plain_code,
    static,
)
from .due import first_argument
from .notes import Planned
from .watch import CURRENT, ELSEWHERE, Moment

# Python's own code by which something is started, and our method for it.
STARTS = {
    asyncio.tasks.create_task.__code__: "task_started",
    asyncio.tasks.ensure_future.__code__: "task_started",
    asyncio.TaskGroup.create_task.__code__: "task_started",
    asyncio.BaseEventLoop.create_task.__code__: "task_started",
    threading.Thread.start.__code__: "thread_started",
    pool._WorkItem.__init__.__code__: "work_submitted",  # noqa: SLF001
}


def group_codes() -> list[CodeType]:
    """Find where a group of anyio's is given what it is to call."""
    with contextlib.suppress(ImportError, AttributeError):
        kind = importlib.import_module("anyio._backends._asyncio").TaskGroup
        return [kind.start_soon.__code__, kind.start.__code__]
    return []


STARTS |= dict.fromkeys(group_codes(), "group_started")
OF_PYTHON = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}


class Asides(Around):
    """Follows tasks and threads that functions of the request start."""

    watch: Any
    roles: dict[int, str]

    def __init__(self) -> None:
        super().__init__()
        self.asides: dict[int, int] = {}  # by id of a frame: its lane
        self.entered: set[int] = set()  # lanes
        # By id of a code that a group is to call: the lanes of these calls.
        self.expected: dict[int, list[int]] = {}

    def task_started(
        self, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Follow `asyncio.create_task`, and its like."""
        del value
        if moment != "began":
            return
        values = frame.f_locals
        coroutine = values.get("coro", values.get("coro_or_future"))
        if type(coroutine) is not CoroutineType:
            return
        code, own_frame = coroutine.cr_code, coroutine.cr_frame
        if is_library(caller(frame)) and is_library(code):
            return
        if own_frame is None or id(own_frame) in self.asides:
            return
        if id(code) in self.roles:
            return  # a middleware's, which has a row
        lane = self.taken(frame, code)
        if lane is None:
            lane = self.start(coroutine.__name__, code, "asyncio task")
        if lane is None:
            return
        self.asides[id(own_frame)] = lane
        self.watch(code)
        context = values.get(
            "context", values.get("kwargs", {}).get("context")
        )
        if context is not None and context.get(CURRENT) is not self:
            self.keep(id(own_frame), coroutine, lane)

    def group_started(
        self, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Follow `start_soon` and `start` of an anyio group."""
        del value
        call = frame.f_locals.get("func")
        code = code_of(call)
        if moment != "began" or code is None or is_library(code):
            return
        if code.co_flags & inspect.CO_COROUTINE:
            lane = self.start(name_of(call), code, "anyio task")
            if lane is not None:
                self.expected.setdefault(id(code), []).append(lane)
                self.watch(code)

    def taken(self, frame: FrameType, code: CodeType) -> int | None:
        """Give the lane of a call that a group of anyio's makes."""
        lanes = self.expected.get(id(code))
        above = frame.f_back
        name = above.f_globals.get("__name__") if above else ""
        if not lanes or type(name) is not str or not name.startswith("anyio."):
            return None
        lane = lanes.pop(0)
        if not lanes:
            del self.expected[id(code)]
        return lane

    def thread_started(
        self, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Follow `Thread.start`."""
        del value
        thread: Any = first_argument(frame)
        if moment != "began" or not isinstance_of(thread, threading.Thread):
            return
        inside = own(thread)  # a `Timer` calls its `function`
        target = inside.get("_target") or inside.get("function")
        run = plain_code(static(type(thread), "run"))
        code = code_of(target) if target is not None else run
        if is_library(caller(frame)) and is_library(code):
            return
        name = name_of(thread if target is None else target)
        if run is not None:
            self.elsewhere(thread, run, self.start(name, code, "thread"))

    def work_submitted(
        self, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Follow what is given to a pool of threads."""
        del value
        if moment != "began":
            return
        values = frame.f_locals
        work = unwrapped(values.get("fn", (values.get("task") or (None,))[0]))
        code = code_of(work)
        if work is None or is_library(code):
            return
        lane = self.start(name_of(work), code, "a pool's thread")
        kind: Any = type(values["self"])
        self.elsewhere(values["self"], kind.run.__code__, lane)

    def unawaited(self, lane: int) -> None:
        """Note that what it returned was to be awaited, and never was."""
        raise NotImplementedError

    def overlooked(self) -> None:
        """Say so where a loop may have started what nobody can see."""
        if not any(plan.starts for plan in self.lanes) or any(
            plan.kind == "aside" for plan in self.lanes
        ):
            return
        kind = type(asyncio.get_running_loop())
        if plain_code(static(kind, "create_task")) is None:
            library = kind.__module__.partition(".")[0]
            self.remarks.append(OVERLOOKED.format(library))

    def start(self, name: str, code: CodeType | None, what: str) -> int | None:
        """Give it a lane, which says what it is; no more than the limit."""
        if len(self.lanes) >= self.limit:
            self.dropped += 1
            return None
        where = place_of(code)
        plan = Planned("aside", name, form_of(code), where, about=what)
        self.lanes.append(plan)
        self.note(model.STARTED_BY, len(self.lanes) - 1)
        return len(self.lanes) - 1

    def elsewhere(self, runner: Any, code: CodeType, lane: int | None) -> None:
        """Expect `run` of this object, in a thread without our context."""
        if lane is not None:
            self.keep(id(runner), runner, lane)
            self.watch(code)

    def keep(self, key: int, runner: Any, lane: int) -> None:
        """Expect it without our context, for as long as it is there."""
        gone = weakref.ref(runner, lambda _: ELSEWHERE.pop(key, None))
        ELSEWHERE[key] = (gone, self, lane)

    def aside(self, moment: Moment, frame: FrameType, value: object) -> bool:
        """Follow the code of a task or thread; say whether it was one."""
        lane = self.asides.get(id(frame))
        if lane is None and moment == "began" and self.expected:
            lane = self.taken(frame, frame.f_code)
            if lane is not None:
                self.asides[id(frame)] = lane
                if sys.version_info < (3, 12):
                    return True  # it is only made
        if lane is None:
            return False
        # Python 3.11 tells of a coroutine when it is made: then it goes on.
        if moment in {"began", "resumed"} and lane not in self.entered:
            self.entered.add(lane)
            self.note("entered", lane)
        elif moment in {"ended", "raised"}:
            del self.asides[id(frame)]
            self.over(lane, moment, frame, value)
            plan = self.lanes[lane]
            if plan.form == "async def" and "thread" in plan.about:
                self.unawaited(lane)
        return True


OVERLOOKED = (
    "What `loop.create_task` started has no row: the loop is one of {}, which"
    " is not Python code. `asyncio.create_task` can be seen."
)


def unwrapped(work: Any) -> Any:
    """Find what `asyncio.to_thread` is to run in a copy of the context."""
    if isinstance_of(work, partial):
        function = partial.func.__get__(work)
        arguments = partial.args.__get__(work)
        if type(function) is BuiltinMethodType and arguments:
            return arguments[0]
    return work


def caller(frame: FrameType) -> CodeType | None:
    """Give the code that called this one."""
    return frame.f_back.f_code if frame.f_back else None


def is_library(code: CodeType | None) -> bool:
    """Tell Python's and installed code from the application's."""
    return code is None or of_library(code.co_filename)


@functools.lru_cache(4096)
def of_library(file: str) -> bool:
    """Tell it by where it is."""
    path = Path(file)
    if {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return file.startswith("<frozen") or any(
        path.is_relative_to(folder) for folder in OF_PYTHON if folder
    )
