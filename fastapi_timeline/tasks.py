"""Background tasks of one request: made, due, begun, or never run."""

import weakref
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any

from starlette.background import BackgroundTask, BackgroundTasks

from . import model
from .callables import (
    Described,
    error_name,
    isinstance_of,
    own,
    plain_code,
    static,
)
from .due import Due, first_argument, reached
from .framework import FRAMEWORK
from .model import Kind
from .notes import Notes, Planned
from .watch import GENERATOR, LAZY, Moment

BASE = BackgroundTask.__call__.__code__


class Tasks(Notes):
    """Follows Starlette's BackgroundTask, which FastAPI's are made of."""

    watch: Any
    recorder: Any

    def __init__(self) -> None:
        self.dues: list[Due] = []
        self.awaited: list[Due] = []  # returned a coroutine, not yet over
        # By id of a BackgroundTask that has not begun: itself, its due call.
        self.tasks: dict[int, tuple[weakref.ref[Any], Due]] = {}
        self.dropped_tasks: list[Due] = []
        self.running: dict[int, tuple[int, Due]] = {}  # by id of a frame
        self.active: set[int] = set()  # ids of tasks that run
        self.answering: dict[int, Due] = {}  # by id of a response's frame
        self.own_codes: dict[int, str] = {}  # by id: the method to follow it

    def settle_endpoint(self, *, streams: bool = True) -> None:
        """FastAPI has moved on from the endpoint that was due."""
        raise NotImplementedError

    def plan(
        self, kind: Any, call: Any, asked: Any
    ) -> tuple[Planned, Described]:
        """Describe a call, or find how it was described before."""
        raise NotImplementedError

    def add_lane(self, plan: Planned) -> int:
        """Give it a lane: its number."""
        raise NotImplementedError

    def judge(self, due: Due, exc: object = None) -> None:
        """Say of a call that was due and not seen what became of it."""
        raise NotImplementedError

    def end_awaited(
        self, owner: int, what: str = "ended", exc: object = None
    ) -> None:
        """Note the end of coroutines that this frame has awaited."""
        for due in [d for d in self.awaited if d.owner == owner]:
            self.awaited.remove(due)
            text = error_name(exc) if what == "raised" else ""
            self.note(what, due.lane, text)

    def due(self, kind: Kind, call: Any, owner: int = 0) -> Due:
        """Give a call a lane, and say what is to be called."""
        plan, about = self.plan(kind, call, None)
        lane, now = self.add_lane(plan), perf_counter_ns()
        known = about.code, about.inner
        return Due(kind, lane, *known, None, now, owner, about.cache)

    def task_made(
        self, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Follow `BackgroundTask.__init__`."""
        del value
        if moment != "began":
            return
        names = frame.f_locals
        task, due = names["self"], self.due("task", names["func"])
        gone = self.tasks.pop(id(task), None)
        if gone is not None and not gone[1].begun:
            self.dropped_tasks.append(gone[1])  # its place was taken
        self.tasks[id(task)] = (weakref.ref(task), due)
        self.note("added", due.lane)
        self.watch_own(task)

    def watch_own(self, task: Any) -> None:
        """Follow the `__call__` of somebody's own kind of task, too."""
        kind = type(task)
        if kind is BackgroundTask or kind.__module__.startswith(FRAMEWORK):
            return
        code = plain_code(static(kind, "__call__"))
        if code is not None and code is not BASE:
            several = issubclass(kind, BackgroundTasks)
            self.own_codes[id(code)] = "several" if several else "task"
            self.watch(code)

    def made_before(self, task: Any) -> Due | None:
        """Give what was planned for this very task, once."""
        found = self.tasks.get(id(task))
        if found is None or found[0]() is not task:
            return None
        del self.tasks[id(task)]
        return found[1]

    def task(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow `BackgroundTask.__call__`, or a subclass's."""
        if moment == "began":
            self.settle_endpoint()
            task: Any = first_argument(frame)
            if id(task) in self.active:
                return  # a subclass has called its super
            call = own(task).get("func", task)
            due = self.made_before(task) or self.due("task", call)
            due.call, due.owner = call, id(frame)
            due.since = perf_counter_ns()
            due.many = frame.f_code is not BASE
            if call is task:
                due.code = due.inner = None  # it has no function: it is one
            on_loop = call is task or own(task).get("is_async")
            if due.code is None and on_loop:
                due.begun = 1  # here and now
                self.note("began", due.lane)
                self.awaited.append(due)
            if due in self.dues:
                self.dues.remove(due)  # of somebody's own kind of list
            self.dues.append(due)
            self.running[id(frame)] = (id(task), due)
            self.active.add(id(task))
        elif moment in {"ended", "raised"}:
            run = self.running.pop(id(frame), None)
            if run is not None:
                self.active.discard(run[0])
                self.task_over(run[1], moment, value)

    def task_over(self, due: Due, moment: Moment, value: object) -> None:
        """Say what became of a task whose frame has ended."""
        if due in self.dues:
            self.dues.remove(due)
        self.end_awaited(due.owner, moment, value)
        due.call = None
        if due.begun or due.opened:
            return
        code, blind = due.code, self.recorder.blind
        exc = value if moment == "raised" else None
        if code is None:
            text = error_name(exc)
            self.unseen("began", due.lane, due.since)
            self.unseen(moment, due.lane, perf_counter_ns(), text)
        elif due.cache and moment == "ended":
            self.note("remembered", due.lane)
        elif code.co_flags & (LAZY if due.many else GENERATOR):
            self.note("unreached", due.lane)  # it would run on the loop
        elif due.many and not blind:
            self.note("unreached", due.lane)
        elif moment == "raised" and (not blind or is_misfit(exc, code)):
            self.misfit(due, exc)
        else:
            self.lost = self.lost or blind
            self.unseen("began", due.lane, due.since)
            text = error_name(exc)
            self.unseen(moment, due.lane, perf_counter_ns(), text)

    def misfit(self, due: Due, exc: object) -> None:
        """Say why it never began, though it was to be called."""
        what = "misfit" if isinstance_of(exc, TypeError) else "unreached"
        self.note(what, due.lane)

    # --- lists of somebody's own, and what else a response may bring --------

    def several(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow the `__call__` of somebody's own BackgroundTasks.

        It may run its tasks, or call their functions itself.
        """
        del value
        if moment == "began":
            self.settle_endpoint()
            tasks = own(first_argument(frame)).get("tasks")
            for task in tasks if type(tasks) is list else ():
                found = self.tasks.get(id(task))
                if found is not None and found[0]() is task:
                    due = found[1]
                    due.call = own(task).get("func")
                    due.owner, due.many = id(frame), True
                    self.dues.append(due)
        elif moment in {"ended", "raised"}:
            for due in [d for d in self.dues if d.owner == id(frame)]:
                self.dues.remove(due)
                due.call = None
            self.end_awaited(id(frame))

    def response(
        self, moment: Moment, frame: FrameType, value: object
    ) -> None:
        """Follow the call of a response, which ends with its task."""
        if moment == "began":
            self.settle_endpoint(streams=False)
            task = own(first_argument(frame)).get("background")
            if task is not None:
                self.brought(task, id(frame))
        elif moment in {"ended", "raised"}:
            due = self.answering.pop(id(frame), None)
            if due is not None:
                self.background_over(due, moment, value)

    def brought(self, task: Any, owner: int) -> None:
        """See what a response brings: tasks, or anything to be awaited."""
        if isinstance_of(task, BackgroundTask):
            self.watch_own(task)
            inside = own(task).get("tasks")
            for each in inside if type(inside) is list else ():
                self.watch_own(each)
            return
        due = self.due("task", task, owner)
        due.call, due.direct = task, True
        self.dues.append(due)
        self.answering[owner] = due

    def background_over(self, due: Due, moment: Moment, value: object) -> None:
        """Say what became of a callable that stood as a task."""
        if due in self.dues:
            self.dues.remove(due)
        self.end_awaited(due.owner, moment, value)
        due.call = None
        sent = [n[0] for n in self.notes if n[1] == model.SENT]
        if due.begun or due.opened:
            return
        if due.code is None and sent:
            text = error_name(value) if moment == "raised" else ""
            self.unseen("began", due.lane, sent[-1])
            self.unseen(moment, due.lane, perf_counter_ns(), text)
        elif due.cache and moment == "ended":
            self.note("remembered", due.lane)
        elif moment == "raised" and sent:
            self.misfit(due, value)
        else:
            self.note("unreached", due.lane)

    def never_ran(self) -> None:
        """Say so of each task that was made and not begun."""
        made = [due for _, due in self.tasks.values()]
        for due in [*self.dropped_tasks, *made, *self.answering.values()]:
            if not due.begun and not due.opened:
                self.note("unreached", due.lane)
        self.tasks.clear()
        self.dropped_tasks.clear()
        self.dues.clear()
        self.awaited.clear()
        self.running.clear()
        self.active.clear()
        self.answering.clear()


def is_misfit(exc: object, code: CodeType) -> bool:
    """Tell a call with the wrong arguments from one that raised unseen."""
    return isinstance_of(exc, TypeError) and not reached(exc, code)
