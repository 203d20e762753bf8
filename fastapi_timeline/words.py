"""A recording in words: the whole order, and what is said of one lane."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from .model import LOGGED, LOST, UNAWAITED, Life, Recording


def milliseconds(nanoseconds: int) -> str:
    """Two figures that matter: <0.01 ms, 0.07 ms, 1.2 ms, 126 ms, 2.5 s."""
    value = nanoseconds / 1e6
    for least, text in (
        (1000, f"{value / 1000:.1f} s"),
        (9.95, f"{value:.0f} ms"),
        (0.995, f"{value:.1f} ms"),
    ):
        if value >= least:
            return text
    return f"{value:.2f} ms" if value >= 0.005 else "<0.01 ms"  # noqa: PLR2004


def counted(number: int, noun: str) -> str:
    """Say how many: 1 part, 2 parts."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(recording: Recording) -> str:
    """Everything in its order, for a report or somebody who listens."""
    return " → ".join(recording.steps) or "nothing was seen"


def brief(order: Sequence[str]) -> Iterator[str]:
    """Say what comes again at once, two things at most, only once."""
    at = 0
    while at < len(order):
        for size in (1, 2):
            part, count = order[at : at + size], 1
            while order[at + size * count :][:size] == part:
                count += 1
            if count > 2:  # noqa: PLR2004 (two may be read)
                yield from part[:-1]
                yield f"{part[-1]} (×{count})"
                at += size * count
                break
        else:
            yield order[at]
            at += 1


def failed(life: Life) -> bool:
    """Tell whether its own error ended it, not one handed to it."""
    return bool(life.error) and not life.error.startswith("↑")


def outcome(life: Life) -> tuple[str, str]:
    """Say how a lane ended, in a word or two, and the exception's name."""
    if life.verdict and life.began is None:
        return VERDICTS.get(life.verdict, "never ran"), ""
    if life.error:
        return bad_end(life)
    if life.began is None and life.lane.kind == "aside":
        return "not seen yet", ""
    return duration(life), ""


def duration(life: Life) -> str:
    """Say how long it took, as far as that is known."""
    if life.ended is None:
        return "waits" if life.lane.kind == "message" else "not ended"
    if untimed(life):
        return "ended"
    if life.lane.kind == "middleware":
        return around(life)
    if life.held is not None and life.lane.kind == "dependency":
        return f"held {milliseconds(life.held)}"
    return milliseconds(life.took)


def untimed(life: Life) -> bool:
    """Tell whether it was slower for being watched."""
    held = life.lane.kind == "dependency" and life.held is not None
    return life.lane.untimed == "all" or (bool(life.lane.untimed) and not held)


# In a word or two, what `model.VERDICTS` says in a sentence.
VERDICTS = {
    "cached": "cached",
    "remembered": "from a cache",
    "unseen": "not seen",
    "invalid": "invalid input",
    "answered": "answered by its decorator",
    "refused": "refused by its decorator",
    "misfit": "wrong arguments",
}


def around(life: Life) -> str:
    """Say how long a middleware worked before and after the inner part."""
    if life.began is None or life.ended is None or life.yielded is None:
        return milliseconds(life.took)
    back = life.resumed if life.resumed is not None else life.ended
    before = milliseconds(life.yielded - life.began)
    return f"{before} + {milliseconds(life.ended - back)}"


KINDS = {
    "task": "background task",
    "handler": "exception handler",
    "aside": "",
}


# Bad ends that no exception made.
NO_ERROR = {LOST: "no end seen", UNAWAITED: "not awaited"}


def bad_end(life: Life) -> tuple[str, str]:
    """Say what ended a lane that has no good end."""
    if life.error in NO_ERROR:
        return NO_ERROR[life.error], ""
    verb = "raised" if failed(life) else "left with"
    verb = "never began:" if life.began is None else verb
    verb = "refused" if life.lane.kind == "message" else verb
    return verb, life.error.lstrip("↑")


def detail(life: Life) -> str:
    """Say what a lane is and where it ran, below its name."""
    lane = life.lane
    if lane.kind == "message":
        return "row, until its commit" if lane.form == "row" else lane.form
    kind = KINDS.get(lane.kind, lane.kind)
    kind = lane.form if lane.form.startswith("attempt") else kind
    uses = f" ×{life.again + 1}" if life.again else ""
    parts: list[str] = [f"{kind}{uses}", lane.about]
    if failed(life) and life.place:
        return f"{lane.kind} · raised at {life.place.rpartition('/')[2]}"
    if life.began is not None and lane.kind != "middleware":
        parts += [
            "event loop" if w == "loop" else w.replace("thread", "worker")
            for w in life.where
        ]
    if lane.scope == "function" and lane.kind == "dependency":
        parts.append("function scope")
    if lane.replaces and lane.replaces != lane.name:
        parts.append(f"for {lane.replaces}")
    return " · ".join(filter(None, parts))


def brought(life: Life) -> list[str]:
    """Say what a lane logged: level and the message's beginning."""
    lines = [clipped(event.note, LONGEST) for event in life.logged]
    more = len(lines) - MOST
    return [*lines[:MOST], *([f"and {more} more"] if more > 0 else [])]


LONGEST, MOST = 60, 3  # characters of a log record, and how many of them


def work(life: Life) -> str:
    """Say how long a dependency worked that is said to be held."""
    if life.held is None or life.lane.kind != "dependency" or life.error:
        return ""
    if life.lane.untimed:
        return ""
    return milliseconds(life.took)


def spoken(life: Life) -> str:
    """Say all of one lane, nothing shortened."""
    place = life.place if failed(life) else life.lane.place
    where = f" ({place})" if place else ""
    how = " ".join(filter(None, outcome(life)))
    logged = [f"logged {event.note}" for event in life.logged]
    return "; ".join(
        [f"{life.lane.name}{where}, {detail(life)}: {how}", *logged]
    )


def remarks(recording: Recording) -> list[str]:
    """Say what belongs to the picture and is in no lane."""
    lives = recording.lives
    running = [
        life.lane.name
        for life in lives
        if life.lane.kind == "aside" and life.ended is None
    ]
    names = [
        f"{name} ×{count}" if count > 1 else name
        for name, count in Counter(running).most_common(MOST)
    ]
    more = len(set(running)) - len(names)
    names += [f"{more} more"] if more > 0 else []
    still = f"Nobody waits for {', '.join(names)}, not ended by now."
    logged = [
        f"Logged outside of these functions: {clipped(event.note, LONGEST)}"
        for event in recording.events
        if event.what == LOGGED and event.lane is None
    ]
    return [
        *([UNTIMED] if slowed(recording) else []),
        *recording.remarks,
        *([still] if running else []),
        *logged[:MOST],
    ]


UNTIMED = (
    "On Python 3.11 code runs slower while it is watched, up to 14 times: a"
    " time is given only where most of it was waiting."
)


def slowed(recording: Recording) -> bool:
    """Tell whether a time is not given."""
    lanes = recording.lanes
    return recording.untimed or any(lane.untimed for lane in lanes)


def took(recording: Recording, nanoseconds: int) -> str:
    """Say how long a part of the answer took, unless watching took it."""
    return "" if recording.untimed else milliseconds(nanoseconds)


def warnings(recording: Recording) -> list[str]:
    """Say what is not in the picture, and why."""
    count = recording.dropped
    more = f"{count} more events are not shown." if count else ""
    found = (recording.lost, more)
    return [text for text in found if text]


def printable(text: str) -> str:
    """Leave out what would change a terminal's colours, or more."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return "".join(
        c if c.isprintable() or c == "\n" else "\ufffd" for c in text
    )


def clipped(text: str, room: int) -> str:
    """Shorten it; the words of the order have it whole."""
    return text if len(text) <= room else f"{text[: room - 1]}…"


def middle(text: str, room: int) -> str:
    """Shorten it in its middle: names differ at both of their ends."""
    if len(text) <= room:
        return text
    end = (room - 1) // 2
    return f"{text[: room - 1 - end]}…{text[len(text) - end :]}"
