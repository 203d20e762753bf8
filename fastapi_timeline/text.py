"""A recording as a picture for a terminal of 80 columns."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from .model import CHUNK, GONE, VERDICTS, Life, Recording
from .scale import Scale
from .words import clipped, failed, milliseconds, outcome, sentence, warnings

COLOURS = {"dependency": "magenta", "endpoint": "blue", "task": "yellow"}
WIDTH, NAME, SAID, WHERE = 79, 18, 27, 6


def show(recording: Recording, console: Console | None = None) -> None:
    """Print the picture; rich leaves out colours where nobody sees them."""
    out = console or Console(highlight=False)
    for line in Picture(recording).lines():
        out.print(line, no_wrap=True, overflow="ignore", crop=False)


def terminal(recording: Recording) -> str:
    """Give the picture as plain text, no line longer than 79."""
    return "\n".join(t.plain.rstrip() for t in Picture(recording).lines())


class Picture:
    """Lines of text: a name, a plot, an outcome, a thread."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        said = [" ".join(outcome(life)).strip() for life in recording.lives]
        room = max([9, *(len(text) for text in said if len(text) <= SAID)])
        self.said = room
        self.plot = WIDTH - NAME - 1 - 1 - room - 1 - WHERE
        self.scale = Scale(recording, self.plot - 1)
        sent = recording.sent
        self.column = -1 if sent is None else round(self.scale(sent))

    def lines(self) -> Iterator[Text]:
        """Draw it, from the title down to the order in words."""
        recording = self.recording
        title = f"{recording.title}  {recording.status}"
        for line in wrapped(title.rstrip().split(" "), " "):
            yield Text(line, style="bold")
        if recording.client:
            start, end = recording.client
            yield self._client(start, end)
        for life in recording.lives:
            yield from self._lane(life)
        yield from self._below()
        for line in wrapped(sentence(recording).split(" → "), " → "):
            yield Text(line, style="dim")

    def _client(self, start: int, end: int) -> Text:
        row = self._row()
        self._fill(row, start, end, "▒")
        waited = milliseconds(end - start)
        return Text(f"{'client waits':<{NAME}} {''.join(row)} {waited}")

    def _below(self) -> Iterator[Text]:
        recording, scale = self.recording, self.scale
        marks = [e for e in recording.events if e.what == CHUNK]
        if marks:
            row = self._row()
            for event in marks:
                row[round(scale(event.at))] = "·"
            count = f"{len(marks)} parts"
            yield Text(f"{'sending':<{NAME}} {''.join(row)} {count}")
        if recording.sent is not None:
            note = f"response {recording.status} sent"
            note += f" after {milliseconds(recording.sent)}"
            room = NAME + 1 + self.column
            fits = room + 2 + len(note) <= WIDTH
            text = f"┊ {note}" if fits else f"{note} ┊"
            pad = room if fits else room - len(note) - 1
            yield Text(" " * pad + text, style="green")
        if scale.two:
            rest = milliseconds(recording.end - scale.split)
            text = f"left of ┊ and right of it ({rest}) have a time scale each"
            yield Text(" " * (NAME + 1) + text, style="dim")
        if recording.sent is None and any(
            e.what == GONE for e in recording.events
        ):
            yield Text("the client went away")
        for text in warnings(recording):
            for line in wrapped(text.split(" "), " "):
                yield Text(line, style="red")

    def _row(self) -> list[str]:
        row = [" "] * self.plot
        if self.column >= 0:
            row[self.column] = "┊"
        return row

    def _lane(self, life: Life) -> Iterator[Text]:
        row, end = self._row(), life.ended
        if end is None:
            end = self.recording.end
        if life.began is None:
            if life.verdict in VERDICTS:
                row[round(self.scale(life.at))] = "◇"
        elif life.yielded is not None:
            back = life.resumed if life.resumed is not None else end
            self._fill(row, life.yielded, back, "─")
            self._fill(row, life.began, life.yielded, "█")
            if life.resumed is not None:
                self._fill(row, back, end, "█")
        else:
            self._fill(row, life.began, end, "█")
        if failed(life):
            row[round(self.scale(end))] = "✗"
        name, said = life.lane.name, " ".join(outcome(life)).strip()
        where = "+".join(life.where) if life.began is not None else ""
        where = where.replace("thread ", "t")
        line = Text(f"{clipped(name, NAME):<{NAME}} ")
        line.append("".join(row), style=COLOURS[life.lane.kind])
        red = "red" if life.error else ""
        short = said if len(said) <= self.said else outcome(life)[0]
        line.append(f" {short:<{self.said}}", style=red)
        line.append(f" {clipped(where, WHERE)}", style="dim")
        yield line
        if short != said:  # a long name has a line of its own, not an end
            yield Text(f"{outcome(life)[1]:>{WIDTH - WHERE - 1}}", style=red)

    def _fill(self, row: list[str], start: int, end: int, sign: str) -> None:
        first, last = round(self.scale(start)), round(self.scale(end))
        for place in range(first, last + 1):
            row[place] = sign


def wrapped(parts: list[str], joint: str) -> Iterator[str]:
    """Break between parts, so that no line is longer than 79."""
    line = ""
    for part in parts:
        more = f"{line}{joint}{part}" if line else part
        if line and len(more) > WIDTH - len(joint):
            yield line + joint.rstrip()
            more = part
        while len(more) > WIDTH - len(joint):  # one part, too long itself
            room = WIDTH - len(joint)
            at = more.rfind(" ", 0, room)
            at = at if at > 0 else room
            yield more[:at]
            more = more[at:].lstrip()
        line = more
    yield line
