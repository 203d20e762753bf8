"""The notes taken of one request, made into a recording when asked for.

A note is a bare tuple, and the recording is built only when it is read: the
request pays for no more than a list's append.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import get_ident
from time import perf_counter_ns, process_time_ns
from typing import Any

from . import model
from .arrival import Arrival
from .callables import (
    Call,
    Described,
    describe,
    error_name,
    mentions,
    name_of,
    shorten,
)
from .model import Event, Kind, Lane, Recording
from .words import milliseconds

UNKNOWN = Arrival({})  # until a recorder says what came in

Place = tuple[str, int]

# When, what, which lane, which thread (0: not known), a text, a place.
Note = tuple[int, str, int | None, int, str, Place | None]


@dataclass(slots=True)
class Planned:
    """A lane before it is one; it holds nothing of the application."""

    kind: Kind
    name: str
    form: str
    where: Place | None
    scope: str = ""
    replaces: str = ""
    about: str = ""
    starts: bool = False  # its code speaks of `create_task`

    def as_lane(self) -> Lane:
        """Make plain data of it."""
        place = shorten(*self.where) if self.where else ""
        return Lane(
            kind=self.kind,
            name=self.name,
            form=self.form,
            place=place,
            scope=self.scope,
            replaces=self.replaces,
            about=self.about,
        )


def planned(
    kind: Kind, call: Call, asked: Any = None
) -> tuple[Planned, Described]:
    """Plan the lane of a call; `asked` is what stands in the signature."""
    other = asked.call if asked is not None else call
    about = describe(call)
    plan = Planned(
        kind,
        name_of(call),
        about.form,
        about.place,
        scope=getattr(asked, "scope", None) or "",
        replaces="" if other is call else name_of(other),
        starts=mentions(about.inner or about.code, "create_task"),
    )
    return plan, about


class Notes:
    """A notebook with a last page: `limit` notes, then it only counts."""

    closed = False
    accepted = False  # a WebSocket
    trailers = False  # whether they come after the body
    lost = ""  # why something cannot be seen, if so
    dropped = 0
    startup: tuple[int, int] | None = None  # of the application
    arrival = UNKNOWN
    # The processor's time at each note, where watching takes of it.
    spent: list[int] | None = None

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.remarks: list[str] = []
        self.loop = get_ident()
        self.lanes: list[Planned] = []
        self.shelves: list[Any] = []  # who is given the recording
        self.zero = perf_counter_ns()
        self.notes: list[Note] = [
            (self.zero, model.ARRIVED, None, self.loop, "", None)
        ]

    def note(
        self,
        what: str,
        lane: int | None = None,
        text: str = "",
        place: Place | None = None,
    ) -> None:
        """Write down what happens now, on this thread."""
        if len(self.notes) < self.limit or what in KEPT:
            now = perf_counter_ns()
            self.notes.append((now, what, lane, get_ident(), text, place))
            if self.spent is not None:
                self.spent.append(process_time_ns())
        else:
            self.dropped += 1

    def unseen(self, what: str, lane: int, at: int, text: str = "") -> None:
        """Write down what nobody saw: when it can only have been."""
        if len(self.notes) < self.limit:
            self.notes.append((at, what, lane, 0, text, None))
            if self.spent is not None:
                self.spent.append(process_time_ns())
        else:
            self.dropped += 1

    # --- what the server and the client say to each other -------------------

    def sent(self, message: Mapping[str, Any]) -> None:
        """Note what the application gave to the server, after it took it."""
        kind = message["type"].removeprefix("websocket.")
        if kind.startswith("http.response."):
            self.answered(kind.removeprefix("http.response."), message)
        elif kind == "accept":
            self.accepted = True
            self.note(model.ACCEPTED)
        elif kind == "send":
            self.note(model.CHUNK)
        elif kind == "close":
            code = str(message.get("code", 1000))
            text = code if self.accepted else model.REFUSED
            self.note(model.CLOSED, text=text)

    def answered(self, kind: str, message: Mapping[str, Any]) -> None:
        """Note a part of an HTTP answer, to a refused WebSocket as well.

        A server may send a file by itself (`pathsend`, `zerocopysend`), or
        trailers after the body; what else there is, is not the response.
        """
        if kind == "start":
            self.trailers = bool(message.get("trailers"))
            self.note(model.STARTED, text=str(message["status"]))
        elif kind in {"body", "zerocopysend", "pathsend", "trailers"}:
            last = not message.get("more_body") and not self.trailers
            if kind == "trailers":
                last = not message.get("more_trailers")
            size = str(len(message.get("body") or b""))
            text = size if kind == "body" else ""
            self.note(model.SENT if last else model.CHUNK, text=text)

    def received(self, message: Mapping[str, Any]) -> None:
        """Note what the client sent, or that it went away."""
        kind = message["type"]
        if kind == "websocket.receive":
            self.note(model.RECEIVED)
        elif kind == "websocket.disconnect":
            self.note(model.GONE, text=str(message.get("code", "")))
        elif kind == "http.disconnect":
            self.note(model.GONE)

    def failed(self, exc: BaseException) -> None:
        """Note an exception that left the application for the server."""
        self.note(model.FAILED, text=error_name(exc))

    # --- afterwards ---------------------------------------------------------

    def recording(self, **about: Any) -> Recording:
        """Make plain data of the notes; threads are numbered as met."""
        names = {self.loop: "loop", 0: ""}
        for note in self.notes:
            names.setdefault(note[3], f"thread {len(names) - 1}")
        events = [
            Event(
                at - self.zero,
                what,
                lane,
                names[thread],
                text,
                shorten(*place) if place else "",
            )
            for at, what, lane, thread, text, place in self.notes
        ]
        lanes = [lane.as_lane() for lane in self.lanes]
        untimed = False
        if self.spent is not None:
            lanes = [
                replace(lane, untimed=self.is_untimed(number))
                for number, lane in enumerate(lanes)
            ]
            sent = [n for n, e in enumerate(events) if e.what == model.SENT]
            untimed = self.busy(0, sent[0] if sent else len(events) - 1)
        remarks = [*started(self.startup, self.zero), *self.remarks]
        return Recording(
            lanes=tuple(lanes),
            untimed=untimed,
            events=tuple(events),
            method=self.arrival.method,
            path=self.arrival.path,
            query=self.arrival.query,
            dropped=self.dropped,
            remarks=tuple(dict.fromkeys(remarks)),
            **about,
        )

    def is_untimed(self, lane: int) -> str:
        """Tell whether "all" of this lane's time, or its own "work", was busy.

        A dependency's own work may be, while what it held was waiting.
        """
        mine = {
            model.AROUND.get(note[1], note[1]): number
            for number, note in enumerate(self.notes)
            if note[2] == lane and note[1] in TIMED
        }
        first, last = mine.get("began"), max(mine.values(), default=0)
        if first is None:
            return ""
        back = mine.get("resumed", last)
        if self.busy(first, last):
            return "all"
        before = self.busy(first, mine.get("yielded", last))
        return "work" if before or self.busy(back, last) else ""

    def busy(self, first: int, last: int) -> bool:
        """Tell whether the processor was at work between two notes.

        It may have been at work for the watching, or longer because of it.
        What was waiting instead has its true length. On a busy machine this
        process is made to wait, too: then what it worked is judged as well.
        """
        assert self.spent is not None
        worked = self.spent[last] - self.spent[first]
        took = self.notes[last][0] - self.notes[first][0]
        return worked * 5 > took or (worked > MUCH and worked * 100 > took)


# What is noted however long the recording is: it happens once.
KEPT = {model.STARTED, model.SENT, model.FAILED, model.DONE}
MUCH = 5_000_000  # nanoseconds of work
TIMED = {"began", "yielded", "resumed", "ended", "raised", *model.AROUND}


def started(startup: tuple[int, int] | None, arrived: int) -> list[str]:
    """Say how long the lifespan's startup took, where there is one."""
    if startup is None:
        return []
    took = milliseconds(startup[1] - startup[0])
    before = milliseconds(max(arrived - startup[1], 0))
    text = f"The lifespan's startup took {took}; it was over {before} before"
    return [f"{text} this request."]
