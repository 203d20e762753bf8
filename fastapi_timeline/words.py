"""A recording in words: the whole order, and what is said of one lane."""

from collections.abc import Iterator, Sequence

from .model import LOST, Life, Recording


def milliseconds(nanoseconds: int) -> str:
    """Two figures that matter: 0.07 ms, 1.2 ms, 126 ms, 2.5 s."""
    value = nanoseconds / 1e6
    for least, text in (
        (1000, f"{value / 1000:.1f} s"),
        (9.95, f"{value:.0f} ms"),
        (0.995, f"{value:.1f} ms"),
    ):
        if value >= least:
            return text
    return f"{value:.2f} ms"


def counted(number: int, noun: str) -> str:
    """Say how many: 1 part, 2 parts."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(recording: Recording) -> str:
    """Everything in its order, for a report or somebody who listens."""
    return " → ".join(recording.order) or "nothing was seen"


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
        said = {
            "cached": "cached",
            "remembered": "from a cache",
            "unseen": "not seen",
            "invalid": "invalid input",
        }
        return said.get(life.verdict, "never ran"), ""
    if life.error:
        return bad_end(life)
    if life.ended is None:
        waits = life.lane.kind == "message"
        return "waits" if waits else "not ended", ""
    if life.held is not None and life.lane.kind == "dependency":
        return f"held {milliseconds(life.held)}", ""
    return milliseconds(life.took), ""


def bad_end(life: Life) -> tuple[str, str]:
    """Say what ended a lane that has no good end."""
    if life.error == LOST:
        return "no end seen", ""
    verb = "raised" if failed(life) else "left with"
    verb = "refused" if life.lane.kind == "message" else verb
    return verb, life.error.lstrip("↑")


def detail(life: Life) -> str:
    """Say what a lane is and where it ran, below its name."""
    lane = life.lane
    if lane.kind == "message":
        return "row, until its commit" if lane.form == "row" else lane.form
    kind: str = "background task" if lane.kind == "task" else lane.kind
    kind = lane.form if lane.form.startswith("attempt") else kind
    uses = f" ×{life.again + 1}" if life.again else ""
    parts: list[str] = [f"{kind}{uses}"]
    if failed(life) and life.place:
        return f"{lane.kind} · raised at {life.place.rpartition('/')[2]}"
    if life.began is not None:
        parts += [
            "event loop" if w == "loop" else w.replace("thread", "worker")
            for w in life.where
        ]
    if lane.replaces and lane.replaces != lane.name:
        parts.append(f"for {lane.replaces}")
    if lane.scope == "function":
        parts.append("function scope")
    return " · ".join(parts)


def work(life: Life) -> str:
    """Say how long a dependency worked that is said to be held."""
    if life.held is None or life.lane.kind != "dependency" or life.error:
        return ""
    return milliseconds(life.took)


def spoken(life: Life) -> str:
    """Say all of one lane, nothing shortened."""
    place = life.place if failed(life) else life.lane.place
    where = f" ({place})" if place else ""
    how = " ".join(filter(None, outcome(life)))
    return f"{life.lane.name}{where}, {detail(life)}: {how}"


def warnings(recording: Recording) -> list[str]:
    """Say what is not in the picture, and why."""
    count = recording.dropped
    more = f"{count} more events are not shown." if count else ""
    found = (recording.lost, more, *recording.remarks)
    return [text for text in found if text]


def clipped(text: str, room: int) -> str:
    """Shorten it; the words of the order have it whole."""
    return text if len(text) <= room else f"{text[: room - 1]}…"


def middle(text: str, room: int) -> str:
    """Shorten it in its middle: names differ at both of their ends."""
    if len(text) <= room:
        return text
    end = (room - 1) // 2
    return f"{text[: room - 1 - end]}…{text[len(text) - end :]}"
