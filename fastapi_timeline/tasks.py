"""Background tasks of one request: made, due, begun, or never run."""

from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any, NamedTuple

from .notes import Notes, planned
from .watch import Moment


class Due(NamedTuple):
    """A call that is about to happen."""

    lane: int
    code: CodeType | None
    call: object
    since: int  # nanoseconds on the process's clock
    repeat: bool = False  # called before: its value may come from the cache


class Tasks(Notes):
    """Follows Starlette's BackgroundTask, which FastAPI's are made of."""

    watch: Any
    recorder: Any

    def __init__(self) -> None:
        self.due_tasks: list[Due] = []
        self.tasks: dict[int, int] = {}  # id of a BackgroundTask: its lane
        self.running: dict[int, int] = {}  # id of its frame: its lane

    def settle(self, exc: object = None) -> None:
        """FastAPI has moved on from the call that was due."""
        raise NotImplementedError

    def plan_task(self, call: Any) -> int:
        """Give a task a lane: its number."""
        plan = planned("task", call)
        if plan.about.code is not None:
            self.watch(plan.about.code)
        self.lanes.append(plan)
        return len(self.lanes) - 1

    def task_made(self, frame: FrameType) -> None:
        """Follow `BackgroundTask.__init__`."""
        names = frame.f_locals
        lane = self.plan_task(names["func"])
        self.tasks[id(names["self"])] = lane
        self.note("added", lane)

    def task(self, moment: Moment, frame: FrameType, value: object) -> None:
        """Follow `BackgroundTask.__call__`."""
        if moment == "began":
            self.settle()
            task = frame.f_locals["self"]
            lane = self.tasks.pop(id(task), None)
            if lane is None:
                lane = self.plan_task(task.func)
            code = self.lanes[lane].about.code
            self.running[id(frame)] = lane
            due = Due(lane, code, task.func, perf_counter_ns())
            self.due_tasks.append(due)
        elif moment in {"ended", "raised"}:
            lane = self.running.pop(id(frame))
            for due in [d for d in self.due_tasks if d.lane == lane]:
                self.due_tasks.remove(due)  # not Python, or never called
                if due.code is not None:
                    self.lost = self.recorder.blind
                self.unseen("began", lane, due.since)
                text = type(value).__name__ if moment == "raised" else ""
                self.unseen(moment, lane, perf_counter_ns(), text)

    def due_task(self, code: CodeType, frame: FrameType) -> Due | None:
        """Take the task that this code was to run for."""
        found = [due for due in self.due_tasks if due.code is code]
        if len(found) > 1:  # from one factory, and due at the same time
            found = [d for d in found if encloses(d.call, frame)] or found
        if not found:
            return None
        self.due_tasks.remove(found[0])
        return found[0]

    def never_ran(self) -> None:
        """Say so of each task that was made and not begun."""
        for lane in self.tasks.values():
            self.note("unreached", lane)
        self.tasks.clear()
        self.due_tasks.clear()
        self.running.clear()


def encloses(call: Any, frame: FrameType) -> bool:
    """Tell a function by the values that it, and the frame, has around it."""
    cells = getattr(call, "__closure__", None) or ()
    names = frame.f_code.co_freevars
    inside = frame.f_locals
    return all(
        inside.get(name) is cell.cell_contents
        for name, cell in zip(names, cells, strict=False)
    )
