"""Lay what all processes wrote beside the recording of one request.

What comes out is a recording like any other: messages and runs of tasks are
lanes of it, so that all that shows a recording shows these too.
"""

import json
import os
import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from fastapi_timeline.model import LOST, Event, Kind, Lane, Recording

from .following import JOINED
from .journal import FORMAT, clock, state

PAUSE = 0.02  # seconds between two looks into the folder
AGAIN = 3  # seconds in which an engine says that a failed task goes on


@dataclass(eq=False)
class Process:
    """One file: who wrote it, and where its clock is on the picture's axis."""

    host: str
    pid: int
    clock: str
    program: str
    started: str = ""
    zero: int = 0  # what its clock showed when the request arrived
    name: str = ""

    @property
    def gone(self) -> bool:
        """Whether it can be said to run no more: on this machine only."""
        if os.name != "posix" or self.host != platform.node():
            return False
        if self.clock != clock():
            return True
        try:
            os.kill(self.pid, 0)
        except OSError as exc:
            return isinstance(exc, ProcessLookupError)
        doing, started = state(self.pid)
        if started and self.started and started != self.started:
            return True  # another process has its number now
        return doing == "Z"  # killed, and its parent has not asked yet


@dataclass(eq=False)
class Line:
    """One thing that a process did, on its own clock."""

    process: Process
    at: int
    wall: int
    what: str
    about: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.about.get(name, "")

    def moment(self, at: int | None = None) -> int:
        """Give nanoseconds since the request arrived."""
        return (self.at if at is None else at) - self.process.zero


@dataclass
class Folder:
    """All lines of all files, and what could not be read."""

    lines: list[Line] = field(default_factory=list)
    processes: dict[tuple[str, int, str, str], Process] = field(
        default_factory=dict
    )
    unread: int = 0
    full: bool = False

    @classmethod
    def read(cls, path: Path) -> "Folder":
        """Read it; a file that is being written may end in half a line."""
        found = cls()
        for file in sorted(path.glob("*.jsonl")):
            texts = file.read_text("utf-8", "replace").split("\n")
            found.lines += found._lines(texts[:-1])
        return found

    def _lines(self, texts: Iterable[str]) -> Iterator[Line]:
        process: Process | None = None
        for text in texts:
            try:
                about = json.loads(text)
                at, wall, what = (about.pop(x) for x in ("at", "wall", "what"))
                if what == "process" and about.pop("format") == FORMAT:
                    new = Process(**about)  # it may have several files
                    key = (new.host, new.pid, new.clock, new.started)
                    process = self.processes.setdefault(key, new)
                elif process is not None:
                    yield Line(process, at, wall, what, about)
                self.full = self.full or what == "full"
            except (ValueError, KeyError, TypeError, AttributeError):
                self.unread += 1


def joined(
    recording: Recording, folder: str | Path, seconds: float = 0
) -> Recording:
    """Add to a recording what became of the tasks that it published.

    `folder` is where the processes write, `seconds` how long to wait for
    tasks that have not ended yet. A recording that published none comes back
    as it was.
    """
    key = next((e for e in recording.events if e.what == JOINED), None)
    if key is None:
        return recording
    end = time.monotonic() + seconds
    while True:
        story = Story(key, Folder.read(Path(folder)))
        if story.over or time.monotonic() >= end:
            return story.told(recording)
        time.sleep(PAUSE)


class Story:
    """The messages that began in one request, and what became of each."""

    def __init__(self, key: Event, folder: Folder) -> None:
        self.folder = folder
        self.lanes: list[Lane] = []
        self.events: list[Event] = []
        self.notes: list[str] = []
        self.processes: list[Process] = []
        here = (x for x in folder.lines if x.what == "request")
        self.start = next((x for x in here if x["request"] == key.note), None)
        self.tasks: dict[str, list[Line]] = {}
        self.rows: list[Line] = []
        if self.start is not None:
            self._zero(self.start, key.at)
            self._collect(key.note)
            self._shift()

    @property
    def over(self) -> bool:
        """Whether no task waits or runs, or may be tried again."""
        return all(map(settled, self.tasks.values()))

    def _zero(self, start: Line, at: int) -> None:
        """Set all clocks to the request's arrival, by the best there is."""
        home = start.process
        wall = start.wall - at
        for line in self.folder.lines:
            process = line.process
            if process.clock == home.clock:
                process.zero = start.at - at
            elif not process.zero:
                process.zero = line.at - (line.wall - wall)

    def _collect(self, key: str) -> None:
        """Find the request's messages, and those that their tasks sent."""
        lines = sorted(self.folder.lines, key=Line.moment)
        alias = {x["alias"]: x["task"] for x in lines if x["alias"]}
        for line in lines:
            if line["task"] in alias:
                line.about["task"] = alias[line["task"]]
        self.rows = [
            x for x in lines if x.what == "row" and x["request"] == key
        ]
        sent = [x for x in lines if x.what == "published"]
        wanted = {x["task"] for x in sent if x["request"] == key}
        while (
            more := {x["task"] for x in sent if x["parent"] in wanted} - wanted
        ):
            wanted |= more
        runs = {x["run"]: x["task"] for x in lines if x.what == "began"}
        for line in lines:
            task = line["task"] or runs.get(line["run"], "")
            if task in wanted:
                self.tasks.setdefault(task, []).append(line)

    def _shift(self) -> None:
        """Move a clock that says what cannot be: begun before published."""
        if self.start is None:
            return
        home = self.start.process
        behind: dict[str, int] = {}
        for lines in self.tasks.values():
            for one in lines:
                if one.process.clock == home.clock or one.what != "began":
                    continue
                early = lines_before(lines, home.clock) + 1 - one.moment()
                was = behind.get(one.process.clock, 0)
                behind[one.process.clock] = max(was, early)
        done: set[int] = set()
        for line in self.folder.lines:
            process = line.process
            if id(process) not in done and process.clock in behind:
                done.add(id(process))
                process.zero -= behind[process.clock]
        for lines in self.tasks.values():
            lines.sort(key=Line.moment)
        self._clocks(home, behind)

    def _clocks(self, home: Process, behind: dict[str, int]) -> None:
        hosts = {
            x.process.clock: x.process.host
            for lines in self.tasks.values()
            for x in lines
        }
        for other, early in behind.items():
            text = (
                f"{hosts[other]} has a clock of its own: its bars stand where"
                f" the clocks of both hosts say, and these may differ."
            )
            if early > 0:
                text = (
                    f"The clock of {hosts[other]} is at least"
                    f" {early / 1e6:.1f} ms behind that of {home.host}: its"
                    " bars are moved to the right by that."
                )
            self.notes.append(text)

    # --- as a recording -----------------------------------------------------

    def told(self, recording: Recording) -> Recording:
        """Make the picture: the recording's own lanes, then these."""
        if self.start is None:
            text = "No file in the folder has the tasks of this request."
            return replace(recording, lost=recording.lost or text)
        self.lanes = list(recording.lanes)
        self.name(self.start.process)
        for row in self.rows:
            lane = self.add("message", row["name"], "row")
            self.note(row, "began", lane)
            what = "raised" if row["error"] else "ended"
            self.note(row, what, lane, row["error"], at=row["done"])
        for lines in self.tasks.values():
            self.task(lines)
        self.events.sort(key=lambda event: event.at)
        missing = []
        if self.folder.unread:
            missing.append(f"{self.folder.unread} lines could not be read.")
        if self.folder.full:
            missing.append("A process did more than it may write down.")
        return replace(
            recording,
            lanes=tuple(self.lanes),
            events=tuple(merged(recording.events, self.events)),
            lost=" ".join(filter(None, [recording.lost, *missing])),
            remarks=(*recording.remarks, *self.remarks(self.start.process)),
        )

    def remarks(self, home: Process) -> Iterator[str]:
        """Say which process is which, and what their clocks are worth."""
        for process in self.processes:
            yield f"{process.name}: {described(process, home)}."
        yield from self.notes

    def task(self, lines: list[Line]) -> None:
        """Make lanes of one task: each wait in the queue, and each run."""
        ends = {x["run"]: x for x in lines if x.what == "ended"}
        accepted = any(x.what == "accepted" for x in lines)
        wait, number = -1, 0
        runs = [x for x in lines if x.what in {"published", "began"}]
        for line, after in pairwise([*runs, None]):
            assert line is not None
            if line.what == "published":
                if wait >= 0:  # it is in the queue already
                    continue
                engine = line["engine"]
                form = f"{engine} message" + (", again" if number else "")
                wait = self.add("message", line["name"], form)
                self.note(line, "began", wait)
                refused = line["error"] and not accepted
                if refused and (after is None or after.what == "published"):
                    self.note(line, "raised", wait, line["error"])
                    wait = -1
                continue
            if wait >= 0:
                self.note(line, "ended", wait)
                wait = -1
            number += 1
            form = f"attempt {number}" if number > 1 else ""
            lane = self.add("task", line["name"], form)
            self.note(line, "began", lane)
            self.ended(line, ends.get(line["run"]), after, lane)

    def ended(
        self, began: Line, end: Line | None, after: Line | None, lane: int
    ) -> None:
        """Note how a run ended, or that it can have no end any more."""
        if end is not None:
            what = "raised" if end["error"] else "ended"
            self.note(end, what, lane, end["error"])
        elif began.process.gone:  # nobody knows when: before the next event
            last = after.moment() if after else began.moment()
            at = began.process.zero + last
            self.note(began, LOST, lane, LOST, at)

    def add(self, kind: Kind, name: str, form: str) -> int:
        """Add a lane; its name is the function's, where a module is given."""
        last = name.replace(":", ".").rpartition(".")[2] or name
        place = name if name != last else ""
        self.lanes.append(Lane(kind, last, form, place))
        return len(self.lanes) - 1

    def note(
        self,
        line: Line,
        what: str,
        lane: int,
        text: str = "",
        at: int | None = None,
    ) -> None:
        """Note an event where its process stands on the picture's axis."""
        where = self.name(line.process)
        kind = self.lanes[lane].kind
        home = line.process is self.processes[0]
        if kind == "message" and (home or what == "ended"):
            where = ""
        event = Event(line.moment(at), what, lane, where, text)
        self.events.append(event)

    def name(self, process: Process) -> str:
        """Name a process by its number, in which 0 is the request's own."""
        if process not in self.processes:
            process.name = f"process {len(self.processes)}"
            self.processes.append(process)
        return process.name


def settled(lines: list[Line]) -> bool:
    """Whether a task has ended; for a while, one that failed may go on."""
    steps = [x for x in lines if x.what in {"published", "began"}]
    ends = {x["run"]: x for x in lines if x.what == "ended"}
    end = ends.get(steps[-1]["run"])
    if end is None:  # it waits, or it runs
        return False
    runs = [x for x in steps if x.what == "began"]
    if any(x["run"] not in ends and not x.process.gone for x in runs):
        return False
    return not end["error"] or time.time_ns() - end.wall > AGAIN * 10**9


def lines_before(lines: list[Line], clock_: str) -> int:
    """When the first message was published on this clock; early if never."""
    sent = [x for x in lines if x.what == "published"]
    return min(
        (x.moment() for x in sent if x.process.clock == clock_),
        default=-(2**62),
    )


def described(process: Process, home: Process) -> str:
    """Say which process it is."""
    where = "" if process.host == home.host else f" on {process.host}"
    own = "the request's own: " if process is home else ""
    return f"{own}{process.program}, pid {process.pid}{where}"


def merged(
    events: Iterable[Event], others: Iterable[Event]
) -> Iterator[Event]:
    """Put events between others whose order must stay as it is."""
    waiting = list(others)
    for event in events:
        while waiting and waiting[0].at < event.at:
            yield waiting.pop(0)
        yield event
    yield from waiting
