"""What stands in one row of a picture, the same for the SVG and the text."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .model import CHUNK, LOGGED, VERDICTS, Life, Recording
from .words import failed, milliseconds

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
    """How long after "sent" the client had its answer; 0 if not later."""
    if recording.client is None or recording.sent is None:
        return 0
    return max(0, recording.client[1] - recording.sent)


def zones(recording: Recording) -> tuple[str, str]:
    """Name what lies before the response was sent, and after it."""
    if recording.method == "WS":
        return "the socket is open", ""
    return "the client waits", "after the response"


def legend(recording: Recording) -> dict[str, str]:
    """Explain each sign that this picture has, and no other."""
    lives = recording.lives
    kinds = {life.lane.kind for life in lives if life.began is not None}
    workers = any(w.startswith("thread") for x in lives for w in x.where)
    found = {
        "client": recording.client and "the client waits for its answer",
        "way": late(recording) and "sent, on its way to the client",
        "framework": framework(recording) and "the framework runs",
        "middleware": "middleware" in kinds and "a middleware: before + after",
        "dependency": "dependency" in kinds and "a dependency runs",
        "endpoint": "endpoint" in kinds and "the endpoint runs",
        "task": "task" in kinds and "a background task runs",
        "handler": "handler" in kinds and "an exception handler runs",
        "aside": "aside" in kinds and "a task or thread beside the request",
        "message": "message" in kinds and "a row or a message that waits",
        "held": any(
            life.yielded is not None and life.lane.kind == "dependency"
            for life in lives
        )
        and "held: what it gave is in use",
        "inner": any(
            life.yielded is not None and life.lane.kind == "middleware"
            for life in lives
        )
        and "the application inside it runs",
        "never": any(
            life.began is None
            and (life.verdict in VERDICTS or life.lane.kind == "aside")
            for life in lives
        )
        and "it was not called",
        "error": any(map(failed, lives)) and "it raised an error",
        "log": any(
            e.what == LOGGED and e.lane is not None for e in recording.events
        )
        and "it logged a warning or an error",
        "part": any(e.what == CHUNK for e in recording.events)
        and "a part of the response",
        "sent": recording.sent is not None
        and "the response has left the server",
        "left": any(life.error.startswith("↑") for life in lives)
        and "left with: an error from elsewhere",
        "worker": workers and "worker: a thread beside the loop",
    }
    return {sign: words for sign, words in found.items() if words}
