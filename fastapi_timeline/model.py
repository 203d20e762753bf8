"""One request as plain data: no FastAPI, no clock, no drawing.

Everything that is shown is derived from one list of events in the order in
which they happened, so that the words, the terminal and the SVG cannot
disagree with each other or with the saved JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

FORMAT = 1

Kind = Literal[
    "dependency",
    "endpoint",
    "task",
    "middleware",
    "handler",
    "aside",
    "message",
]

# A lane's events: added (a task), began, yielded, resumed, ended, raised;
# or one of the verdicts below, which say why it was not seen to run.
VERDICTS = {
    "cached": "cached, not called again",
    "remembered": "answered from functools' cache",
    "unseen": "was called, but could not be seen",
    "invalid": "not called: its input is invalid",
    "unreached": "never ran",
    "answered": "not called: its decorator answered",
    "refused": "not called: its decorator raised",
    "misfit": "not called: its arguments do not fit",
}
# What stands around these, or beside them, has words of its own, so that an
# assertion on the order of the functions stays true when it is added:
# middleware, an exception handler, a task or thread that a function started.
STARTED_BY, LOGGED = "made", "logged"
AROUND = {
    "entered": "began",
    "inner": "yielded",  # it calls the application that it is around
    "returned": "resumed",
    "left": "ended",
    "broke": "raised",
}
# The end of a task that can have no other; and what is known after its end.
LOST, UNAWAITED = "lost", "unawaited"
SAID = VERDICTS | {
    LOST: "was cut: its process is gone",
    UNAWAITED: "returned a coroutine that nobody awaited",
}
BESIDE = {"added", STARTED_BY, UNAWAITED}  # it was not at work there
# The request's own events.
ARRIVED, STARTED, CHUNK, SENT = "arrived", "started", "chunk", "sent"
GONE, FAILED, DONE = "gone", "failed", "done"
ACCEPTED, RECEIVED, CLOSED = "accepted", "received", "closed"
# A socket that is closed before it was accepted: what its client is told.
REFUSED = "before it was accepted: HTTP 403"


@dataclass(frozen=True, slots=True)
class Lane:
    """A function that FastAPI or Starlette was to call for this request."""

    kind: Kind
    name: str
    form: str = "def"  # def, async def, yield, async yield, class, object, …
    place: str = ""  # file:line of its definition
    scope: str = ""  # "function" or "request", where FastAPI says so
    replaces: str = ""  # what it overrides
    about: str = ""  # which error a handler has, who started a thread
    # What was slower for being watched, so that no time is given: all of it,
    # or its own work, but not what it held.
    untimed: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A moment: nanoseconds since the request arrived, and what happened."""

    at: int
    what: str
    lane: int | None = None
    # "thread 1" and so on, as the request met them; "" where not known
    where: str = "loop"
    note: str = ""  # a status, an exception's type, a size, a message
    place: str = ""  # file:line, where an exception left the function


@dataclass(frozen=True, slots=True)
class Life:
    """One lane's moments, found once so that every face shows the same."""

    lane: Lane
    added: int | None = None
    began: int | None = None
    yielded: int | None = None
    resumed: int | None = None
    ended: int | None = None
    where: tuple[str, ...] = ()
    error: str = ""
    place: str = ""
    thrown: str = ""  # an exception that was handed to it at its yield
    verdict: str = ""
    at: int = 0
    again: int = 0  # how often its value was used again from the cache
    logged: tuple[Event, ...] = ()  # its warnings and errors

    @property
    def held(self) -> int | None:
        """How long what it gave was in use; None if it does not yield.

        Of a middleware: how long the application inside it ran.
        """
        if self.yielded is None or self.resumed is None:
            return None
        return self.resumed - self.yielded

    @property
    def elsewhere(self) -> bool:
        """Whether a worker of an engine ran it."""
        return any(where.startswith("process") for where in self.where)

    @property
    def took(self) -> int:
        """Nanoseconds of its own work: what it held is not work."""
        if self.began is None or self.ended is None:
            return 0
        return self.ended - self.began - (self.held or 0)


@dataclass(frozen=True)
class Recording:
    """What one request did, in the order in which it did it.

    All times are nanoseconds since the request reached the server; `client`
    is when its sender began and ended to wait, where that is known.
    """

    method: str
    path: str
    lanes: tuple[Lane, ...]
    events: tuple[Event, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    client: tuple[int, int] | None = None
    dropped: int = 0  # events past the limit of one recording
    lost: str = ""  # what could not be seen, and why
    format: int = FORMAT
    query: str = ""
    remarks: tuple[str, ...] = ()  # about what no lane shows
    untimed: bool = False  # being watched made the answer slower

    @property
    def title(self) -> str:
        """What the client asked for: "GET /items?limit=3"."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.method} {self.path}{query}"

    @cached_property
    def status(self) -> str:
        """The status of the response, "200"; "" if none was begun."""
        for event in self.events:
            if event.what == STARTED:
                return event.note
            if event.what == CLOSED and event.note == REFUSED:
                return "403"
        return ""

    @cached_property
    def sent(self) -> int | None:
        """When the last byte of the response had left; None if never."""
        return next((e.at for e in self.events if e.what == SENT), None)

    @cached_property
    def end(self) -> int:
        """When everything was over, the client's wait included."""
        last = max((e.at for e in self.events), default=0)
        return max(last, self.client[1] if self.client else 0, 1)

    @cached_property
    def lives(self) -> tuple[Life, ...]:
        """The lanes in the order in which they first did something."""
        found = [self._life(number) for number in range(len(self.lanes))]
        kept: dict[tuple[str, str, str] | int, Life] = {}
        for life in sorted(found, key=lambda life: life.at):
            lane = life.lane
            key = (lane.kind, lane.name, lane.place)
            if life.verdict == "cached" and key in kept:
                kept[key] = replace(kept[key], again=kept[key].again + 1)
            else:
                kept[len(kept) if key in kept else key] = life
        return tuple(kept.values())

    def _life(self, number: int) -> Life:
        at: dict[str, Event] = {}
        logged, mine = [], []
        for event in self.events:
            if event.lane == number and event.what == LOGGED:
                logged.append(event)
            elif event.lane == number:
                what = AROUND.get(event.what)
                mine.append(replace(event, what=what) if what else event)
        for event in mine:
            at.setdefault(event.what, event)
        ends = [e for e in mine if e.what in {"raised", "ended", LOST}]
        last = ends[-1] if ends else None  # a decorator may try again
        bad = last if last and last.what in {"raised", LOST} else None
        bad = bad or at.get(UNAWAITED)
        verdict = next((e.what for e in mine if e.what in VERDICTS), "")
        shown = at.get("began") or (mine[-1] if mine else None)
        when = {key: at[key].at for key in at}
        if self.lanes[number].kind in {"endpoint", "task"}:
            # A generator endpoint streams: it does not hold anything.
            when.pop("yielded", None)
            when.pop("resumed", None)
        return Life(
            self.lanes[number],
            added=when.get("added"),
            began=when.get("began"),
            yielded=when.get("yielded"),
            resumed=when.get("resumed"),
            ended=last.at if last else None,
            where=tuple(
                dict.fromkeys(
                    e.where for e in mine if e.what not in BESIDE and e.where
                )
            ),
            error=bad.note if bad else "",
            place=bad.place if bad else "",
            thrown=at["resumed"].note if "resumed" in at else "",
            verdict=verdict,
            at=shown.at if shown else 0,
            logged=tuple(logged),
        )

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The order in words: ("get_db entered", …, "response sent", …).

        It tells of dependencies, endpoint, tasks and response: of what the
        application adds around them, `steps` tells as well.
        """
        return tuple(filter(None, (self._phrase(e) for e in self.events)))

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The order with middleware, handlers, what was started and logged."""
        said = (self._beside(e) or self._phrase(e) for e in self.events)
        return tuple(filter(None, said))

    def _beside(self, event: Event) -> str:
        """Say what happened around the functions of the order."""
        if event.lane is None:
            return ""
        name, note = self.lanes[event.lane].name, event.note
        return {
            STARTED_BY: f"{name} was started",
            "entered": f"{name} began",
            "inner": f"{name} called the application",
            "returned": f"the application returned to {name}",
            "left": f"{name} ended",
            "broke": f"{name} {raised(note)}",
            LOGGED: f"{name} logged {note}",
        }.get(event.what, "")

    def _phrase(self, event: Event) -> str:
        if event.lane is None:
            note = f" {event.note}" if event.note else ""
            return {
                SENT: "response sent",
                GONE: "client went away" if self._early(event) else "",
                FAILED: f"error reached the server:{note}",
                ACCEPTED: "socket accepted",
                CLOSED: f"socket closed{note}",
            }.get(event.what, "")
        lane = self.lanes[event.lane]
        if lane.kind == "message" and event.what != "began":
            verb = "committed" if lane.form == "row" else ""
            verb = f"refused: {event.note}" if event.note else verb
            return f"{lane.name} {verb}" if verb else ""
        if event.what == "raised":
            return f"{lane.name} {raised(event.note)}"
        if event.what in SAID:
            return f"{lane.name} {SAID[event.what]}"
        if lane.kind == "dependency" and "yield" in lane.form:
            verb = {"began": "entered", "ended": "left"}.get(event.what, "")
        elif lane.kind == "dependency":
            verb = {"began": "called"}.get(event.what, "")
        elif lane.kind == "message":
            verb = "inserted" if lane.form == "row" else "published"
        else:
            verb = event.what if event.what in {"began", "ended"} else ""
        return f"{lane.name} {verb}" if verb else ""

    def _early(self, event: Event) -> bool:
        """Leave out the "disconnect" that follows a response: no news."""
        return self.sent is None or event.at < self.sent

    def to_json(self, indent: int | None = None) -> str:
        """Give it as text that `from_json` reads back to an equal one."""
        return json.dumps(asdict(self), indent=indent, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Recording":
        """Read it back; a ValueError says what is wrong with the text."""
        try:
            data: dict[str, Any] = json.loads(text)
            found = data.get("format")
        except (ValueError, AttributeError) as exc:
            message = f"This is not a saved recording: {exc}."
            raise ValueError(message) from None
        if found != FORMAT:
            message = (
                f"This recording has format {found} and this version reads"
                f" {FORMAT}: record it anew."
            )
            raise ValueError(message)
        try:
            lanes = tuple(Lane(**lane) for lane in data["lanes"])
            events = tuple(Event(**event) for event in data["events"])
            [lanes[event.lane] for event in events if event.lane is not None]
            client = data["client"] and tuple(data["client"])
            known = {"lanes": lanes, "events": events, "client": client}
            known["remarks"] = tuple(data.get("remarks", ()))
            return cls(**{**data, **known})
        except (KeyError, IndexError, TypeError) as exc:
            message = f"This recording is damaged ({exc}): record it anew."
            raise ValueError(message) from None


def raised(name: str) -> str:
    """Tell whose error it was: an arrow says that it came from elsewhere."""
    verb = "left with" if name.startswith("↑") else "raised"
    return f"{verb} {name.lstrip('↑')}"
