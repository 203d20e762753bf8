"""A recording as a picture for a terminal of 80 columns."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from .model import CHUNK, GONE, VERDICTS, Life, Recording
from .rows import Group, framework, groups, late, legend, zones
from .scale import Scale
from .words import (
    brief,
    brought,
    clipped,
    counted,
    failed,
    middle,
    milliseconds,
    outcome,
    printable,
    remarks,
    slowed,
    took,
    warnings,
)

COLOURS = {
    "dependency": "magenta",
    "endpoint": "blue",
    "task": "yellow",
    "middleware": "cyan",
    "handler": "red",
    "aside": "green",
    "message": "bright_blue",
}
WIDTH, NAME, SAID, WHERE, HALF = 79, 18, 27, 6, 39
SIGNS = {
    "client": "▒",
    "way": "╌",
    "framework": "░",
    "dependency": "█",
    "endpoint": "█",
    "task": "█",
    "middleware": "█",
    "handler": "█",
    "aside": "█",
    "message": "▬",
    "held": "─",
    "inner": "─",
    "log": "▲",
    "never": "◇",
    "error": "✗",
    "part": "·",
    "sent": "┊",
    "left": "",
    "worker": "t1",
}


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
        self.groups = groups(recording)
        said = [" ".join(outcome(life)).strip() for life in recording.lives]
        room = max([13, *(len(text) for text in said if len(text) <= SAID)])
        self.said = room
        self.plot = WIDTH - NAME - 1 - 1 - room - 1 - WHERE
        self.scale = Scale(recording, self.plot - 1)
        sent = recording.sent
        self.column = -1 if sent is None else round(self.scale(sent))

    def lines(self) -> Iterator[Text]:
        """Draw it, from the title down to the order in words."""
        recording = self.recording
        title = printable(f"{recording.title}  {recording.status}")
        title = title.replace("\n", "\ufffd")
        for line in wrapped(title.rstrip().split(" "), " "):
            yield Text(line, style="bold")
        drawn = list(self._drawn())
        yield from drawn
        yield from self._legend("".join(text.plain for text in drawn))
        order = list(brief(recording.steps)) or ["nothing was seen"]
        for line in wrapped(order, " → "):
            yield Text(line, style="dim")

    def _drawn(self) -> Iterator[Text]:
        recording = self.recording
        yield self._zones()
        if recording.client:
            yield self._client(*recording.client)
        if spans := framework(recording):
            row = self._row()
            for start, end in spans:
                self._fill(row, start, end, "░", over=False)
            alone = took(recording, sum(end - start for start, end in spans))
            yield Text(f"{'framework':<{NAME}} {''.join(row)} {alone}")
        for group in self.groups:
            yield from self._lane(group)
        yield from self._below()
        yield from self._said()

    def _zones(self) -> Text:
        """Name both halves of the plot, each on its side of the line."""
        before, after = zones(self.recording)
        if self.column < 0 or not self.scale.two:
            return Text(" " * (NAME + 1) + before, style="dim")
        left = f"{before} ".rjust(NAME + 1 + self.column)
        return Text(f"{left}┊ {after}", style="dim")

    def _legend(self, drawn: str) -> Iterator[Text]:
        """Explain the signs that were drawn, two on a line."""
        signs = legend(self.recording)
        entries = [
            Text(f"{SIGNS[sign]:>2} {words}", style="dim")
            for sign, words in signs.items()
            if SIGNS[sign] != "█" and SIGNS[sign] in drawn
        ]
        runs = Text(" █ runs:", style="dim")
        for kind, colour in COLOURS.items():
            if kind in signs and SIGNS[kind] == "█":
                runs.append(f" {kind}", style=colour)
        if "█" in drawn and len(runs.plain) < HALF:
            entries.insert(0, runs)
        elif "█" in drawn:
            yield runs
        for number in range(0, len(entries), 2):
            line = entries[number]
            line.pad_right(HALF - len(line.plain))
            yield Text.assemble(line, *entries[number + 1 : number + 2])

    def _client(self, start: int, end: int) -> Text:
        """Draw its wait, up to "sent"; a long way from there is a thin line."""
        row, sent = self._row(), self.recording.sent
        self._fill(row, start, end if sent is None else min(end, sent), "▒")
        if sent is not None:
            if late(self.recording):
                self._fill(row, sent, end, "╌", over=False)
            row[self.column] = "┊"
        waited = took(self.recording, end - start)
        return Text(f"{'client waits':<{NAME}} {''.join(row)} {waited}")

    def _below(self) -> Iterator[Text]:
        recording, scale = self.recording, self.scale
        marks = [e for e in recording.events if e.what == CHUNK]
        if marks:
            row = self._row()
            for event in marks:
                row[round(scale(event.at))] = "·"
            count = counted(len(marks), "part")
            yield Text(f"{'sending':<{NAME}} {''.join(row)} {count}")
        if recording.sent is not None:
            note = f"response {recording.status} sent"
            if after := took(recording, recording.sent):
                note += f" after {after}"
            room = NAME + 1 + self.column
            fits = room + 2 + len(note) <= WIDTH
            text = f"┊ {note}" if fits else f"{note} ┊"
            pad = room if fits else room - len(note) - 1
            yield Text(" " * pad + text, style="green")
        if scale.two:
            rest = milliseconds(recording.end - scale.split)
            rest = "" if slowed(recording) else f" (right side: {rest})"
            text = f"each side of ┊ has its own time scale{rest}"
            yield Text(" " * (NAME + 1) + text, style="dim")

    def _said(self) -> Iterator[Text]:
        """Say in sentences what belongs to it and is not drawn."""
        recording = self.recording
        if recording.sent is None and any(
            e.what == GONE for e in recording.events
        ):
            yield Text("the client went away")
        for text in remarks(recording):
            for line in wrapped(text.split(" "), " "):
                yield Text(line, style="dim")
        for text in warnings(recording):
            for line in wrapped(text.split(" "), " "):
                yield Text(line, style="red")

    def _row(self) -> list[str]:
        row = [" "] * self.plot
        if self.column >= 0:
            row[self.column] = "┊"
        return row

    def _marks(self, row: list[str], life: Life) -> None:
        end = life.ended
        if end is None:
            end = self.recording.end
        if life.began is None:
            end = life.at
            if life.verdict in VERDICTS:
                row[round(self.scale(life.at))] = "◇"
        elif life.yielded is not None:
            back = life.resumed if life.resumed is not None else end
            self._fill(row, life.yielded, back, "─")
            self._fill(row, life.began, life.yielded, "█")
            if life.resumed is not None:
                self._fill(row, back, end, "█")
        else:
            sign = "▬" if life.lane.kind == "message" else "█"
            self._fill(row, life.began, end, sign)
        for event in life.logged:
            row[round(self.scale(event.at))] = "▲"
        if failed(life):
            row[round(self.scale(end))] = "✗"

    def _lane(self, group: Group) -> Iterator[Text]:
        row, life, count = self._row(), group.lives[0], len(group.lives)
        for one in group.lives:
            self._marks(row, one)
        name, said = life.lane.name, " ".join(outcome(life)).strip()
        if group.cached:
            name, said = f"{count} from a cache", "not called"
        elif count > 1:
            name = f"{middle(name, NAME - len(str(count)) - 2)} ×{count}"
            ran = life.began is not None and not life.error
            said = f"{group.took} in all" if ran and group.took else said
        elif life.again:
            uses = f" ×{life.again + 1}"
            name = middle(name, NAME - len(uses)) + uses
        threads = [w for one in group.lives for w in one.where]
        where = "+".join(dict.fromkeys(threads))
        if life.began is None or life.lane.kind == "middleware":
            where = ""
        where = where.replace("thread ", "t").replace("process ", "p")
        line = Text(f"{middle(name, NAME):<{NAME}} ")
        line.append("".join(row), style=COLOURS[life.lane.kind])
        red = "red" if life.error else ""
        short = said if len(said) <= self.said else outcome(life)[0]
        line.append(f" {short:<{self.said}}", style=red)
        line.append(f" {clipped(where, WHERE)}", style="dim")
        yield line
        if short != said:  # a long name has a line of its own, not an end
            yield Text(f"{outcome(life)[1]:>{WIDTH - WHERE - 1}}", style=red)
        for text in brought(life):
            colour = "yellow" if text.startswith("WARN") else "red"
            yield Text(f"  ▲ {text}", style=colour)

    def _fill(
        self,
        row: list[str],
        start: int,
        end: int,
        sign: str,
        *,
        over: bool = True,
    ) -> None:
        first, last = round(self.scale(start)), round(self.scale(end))
        for place in range(first, last + 1):
            if over or row[place] == " ":
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
