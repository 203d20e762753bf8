"""What stands in one row of a picture, the same for the SVG and the text."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .model import CHUNK, LOGGED, VERDICTS, Event, Life, Recording
from .words import failed, milliseconds

SOON = 50_000_000  # nanoseconds: two programs on one machine need some
MANY = 4  # equal rows, from which on they are one
CACHED = {"cached", "remembered"}


@dataclass(frozen=True)
class Group:
    """Lives that one row shows: one, many equal ones, or all cached ones."""

    lives: tuple[Life, ...]
    cached: bool = False

    @property
    def took(self) -> str:
        """How long all of them worked, together; "" where that is not known."""
        if any(life.lane.untimed for life in self.lives):
            return ""
        return milliseconds(sum(life.took for life in self.lives))


def groups(recording: Recording) -> list[Group]:
    """Put equal lives into one row, and those that a cache answered."""
    lives = recording.lives
    count = Counter(map(_alike, lives))
    cached = [life for life in lives if life.verdict in CACHED]
    made: dict[object, list[Life]] = {}
    for number, life in enumerate(lives):
        key: object = number
        if life.verdict in CACHED and len(cached) > 1:
            key = "cached"
        elif count[_alike(life)] >= MANY:
            key = _alike(life)
        made.setdefault(key, []).append(life)
    return [
        Group(tuple(found), key == "cached") for key, found in made.items()
    ]


def _alike(life: Life) -> tuple[object, ...]:
    lane, ended = life.lane, life.ended is not None
    ran = life.began is not None
    same = (lane.kind, lane.name, lane.place, ran, ended)
    logged = tuple(event.note for event in life.logged)
    return (*same, logged, life.error, life.verdict, life.yielded is not None)


def spans(life: Life, end: int) -> Iterator[tuple[int, int]]:
    """When its own code ran: not while what it gave is in use."""
    if life.began is None:
        return
    last = life.ended if life.ended is not None else end
    if life.yielded is None:
        yield life.began, last
        return
    yield life.began, life.yielded
    if life.resumed is not None:
        yield life.resumed, last


def framework(recording: Recording) -> list[tuple[int, int]]:
    """When, until the response was sent, none of the lanes ran."""
    end = recording.sent if recording.sent is not None else recording.end
    if not recording.lives or recording.method == "WS":
        return []
    ran = sorted(
        span
        for life in recording.lives
        if life.lane.kind not in {"aside", "message"}  # beside the framework
        and not life.elsewhere
        for span in spans(life, recording.end)
    )
    free, at = [], 0
    for start, stop in [*ran, (end, end)]:
        if min(start, end) > at:
            free.append((at, min(start, end)))
        at = max(at, stop)
    return free


def late(recording: Recording) -> int:
    """How long after "sent" the client had its answer; 0 if soon."""
    if recording.client is None or recording.sent is None:
        return 0
    after = recording.client[1] - recording.sent
    return after if after > SOON else 0


def zones(recording: Recording) -> tuple[str, str]:
    """Name what lies before the response was sent, and after it."""
    if recording.method == "WS":
        return "the socket is open", ""
    return "the client waits", "after the response"


def logged(recording: Recording) -> list[Event]:
    """Give what the lanes logged."""
    found = [e for e in recording.events if e.what == LOGGED]
    return [event for event in found if event.lane is not None]


def legend(recording: Recording) -> dict[str, str]:
    """Explain each sign that this picture has, and no other."""
    lives = recording.lives
    began = {life.lane.kind for life in lives if life.began is not None}
    waited = {x.lane.kind for x in lives if x.yielded is not None}
    idle = [life for life in lives if life.began is None]
    found: dict[str, tuple[object, str]] = {
        "client": (recording.client, "the client waits"),
        "way": (late(recording), "the answer still arrives"),
        "framework": (framework(recording), "the framework's own work"),
        "middleware": ("middleware" in began, "middleware: before + after"),
        "dependency": ("dependency" in began, "a dependency runs"),
        "endpoint": ("endpoint" in began, "the endpoint runs"),
        "task": ("task" in began, "a background task runs"),
        "handler": ("handler" in began, "an exception handler runs"),
        "aside": ("aside" in began, "started by the request"),
        "message": ("message" in began, "a row or a message waits"),
        "held": ("dependency" in waited, "held: waits at its yield"),
        "inner": ("middleware" in waited, "waits for what is inside"),
        "never": (
            any(x.verdict in VERDICTS or x.lane.kind == "aside" for x in idle),
            "was not called",
        ),
        "error": (any(map(failed, lives)), "failed"),
        "log": (logged(recording), "logged a warning or error"),
        "part": (
            any(e.what == CHUNK for e in recording.events),
            "a part of the response",
        ),
        "sent": (recording.sent is not None, "the response is sent"),
        "left": (
            any(life.error.startswith("↑") for life in lives),
            "left with another's error",
        ),
        "worker": (
            any(w.startswith("thread") for x in lives for w in x.where),
            "worker: a worker thread",
        ),
    }
    return {sign: words for sign, (there, words) in found.items() if there}
