"""A recording as an SVG: one picture, light or dark, without a style sheet.

Every text has a place of its own (names left, marks in the middle, outcomes
right), so that no two can ever overlap, however short the moments are.
"""

from collections.abc import Collection
from hashlib import sha256

from .drawing import MONO, Drawing, broken, fitting, folded, safe
from .model import CHUNK, Life, Recording
from .scale import Scale
from .words import (
    clipped,
    detail,
    failed,
    milliseconds,
    outcome,
    sentence,
    spoken,
    warnings,
)

WIDTH, LEFT, RIGHT, PAD, TOP, ROW = 640, 200, 122, 14, 86, 42
LAST = WIDTH - RIGHT - PAD  # where the plot ends


def svg(
    recording: Recording,
    theme: str = "light",
    note: str = "",
    marked: Collection[str] = (),
) -> str:
    """Draw it, light or dark, as an `<svg>` to write or to put into a page.

    `note` goes beside the title (a version, "before"); lanes whose name is
    `marked` get a sign that they differ. A ValueError says that there is no
    such theme.
    """
    return Sheet(recording, theme, note, marked).drawn()


class Sheet:
    """One picture, from its title down to its warnings."""

    def __init__(
        self,
        recording: Recording,
        theme: str,
        note: str,
        marked: Collection[str],
    ) -> None:
        self.recording, self.theme, self.note = recording, theme, note
        self.marked = marked
        self.draw = Drawing(theme)
        self.scale = Scale(recording, LAST - LEFT)
        events = recording.events
        self.marks = [e.at for e in events if e.what == CHUNK]
        self.warnings = [
            line
            for text in warnings(recording)
            for line in folded(text, WIDTH - 2 * PAD, 11)
        ]
        rows = len(recording.lives) + bool(recording.client)
        self.bottom = TOP + (rows + bool(self.marks)) * ROW + 6
        self.height = self.bottom + 46 + 15 * len(self.warnings)

    def drawn(self) -> str:
        """Draw all of it: the SVG's text."""
        self._frame()
        y = float(TOP)
        for paint in self._rows():
            paint(y)
            y += ROW
        sent = self.recording.sent
        if sent is not None:
            x = LEFT + self.scale(sent)
            self.draw.path(f"M{x:.1f} {TOP - 16}V{self.bottom}", "sent", 1.5)
        y = self.bottom + 48
        for line in self.warnings:
            self.draw.text((PAD, y), line, "error", size="11")
            y += 15
        return self._wrapped()

    def _rows(self) -> list["Row"]:
        rows = [Row(self, life) for life in self.recording.lives]
        if self.marks:
            kinds = [life.lane.kind for life in self.recording.lives]
            ends = [n for n, kind in enumerate(kinds) if kind == "endpoint"]
            rows.insert(ends[0] + 1 if ends else len(rows), Row(self, "parts"))
        return [Row(self, "client"), *rows] if self.recording.client else rows

    def _wrapped(self) -> str:
        recording, height = self.recording, self.height
        title = f"What happened when: {recording.title}"
        words = ". ".join([sentence(recording), *warnings(recording)])
        salt = f"{self.theme}{self.note}{sorted(self.marked)}"
        body = recording.to_json() + salt
        key = "t" + sha256(body.encode(errors="replace")).hexdigest()[:10]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="100%"'
            f' viewBox="0 0 {WIDTH} {height:.0f}" role="img" tabindex="0"'
            f' aria-labelledby="{key}a {key}b">'
            f'<title id="{key}a">{safe(title)}</title>'
            f'<desc id="{key}b">{safe(words)}</desc>'
            + "".join(self.draw.parts)
            + "</svg>"
        )

    def _frame(self) -> None:
        draw, scale, recording = self.draw, self.scale, self.recording
        top, bottom = TOP - 16, self.bottom
        draw.box((0, 0), (WIDTH, self.height), "paper", rx="10")
        name = f"{recording.title}"
        room = WIDTH - 2 * PAD - 12 - len(self.note) * 7
        name = clipped(name, fitting(name, room, 15 * 1.08))
        draw.text((PAD, 29), name, "ink", size="15", font_weight="600")
        if self.note:
            at = (WIDTH - PAD, 29)
            draw.text(at, self.note, "soft", text_anchor="end")
        middle, axis = LEFT + scale(scale.split), bottom + 17
        draw.box((LEFT, top), (middle - LEFT, bottom - top), "before")
        draw.text((LEFT, axis), "0", "soft", size="11")
        if scale.two:
            draw.box((middle, top), (LAST - middle, bottom - top), "after")
            said = milliseconds(scale.split)
            look = {"size": "11", "text_anchor": "middle"}
            draw.text((middle, axis), said, "soft", **look)
            words = "Two time scales: they change at the green line."
            draw.text((LEFT, axis + 15), words, "soft", size="11")
        if recording.sent is not None:
            words = f"response {recording.status} sent"
            x = min(max(LEFT + scale(recording.sent), LEFT + 62), LAST - 62)
            look = {"text_anchor": "middle", "font_weight": "600"}
            draw.text((x, top - 8), words, "sent", **look)
        over = milliseconds(recording.end)
        look = {"size": "11", "text_anchor": "end"}
        draw.text((LAST, axis), over, "soft", **look)


class Row:
    """One lane, or the client's wait, or the parts of a stream."""

    def __init__(self, sheet: Sheet, what: Life | str) -> None:
        self.sheet, self.what = sheet, what
        self.draw, self.scale = sheet.draw, sheet.scale

    def __call__(self, y: float) -> None:
        """Draw it at a height."""
        recording = self.sheet.recording
        if isinstance(self.what, Life):
            self.draw.add(f"<g><title>{safe(spoken(self.what))}</title>")
            self._lane(self.what, y)
            self.draw.add("</g>")
        elif self.what == "client" and recording.client:
            start, end = recording.client
            waited = milliseconds(end - start)
            self._label(y, "client waits", "outside the server", waited)
            self._bar((start, end), y, "client")
        else:
            count = f"{len(self.sheet.marks)} parts"
            self._label(y, "sending", "response", count)
            for at in self.sheet.marks:
                x = LEFT + min(self.scale(at), self.scale.width - 2)
                self.draw.box((x, y + 6), (2, 14), "sent", rx="1")

    def _label(self, y: float, name: str, under: str, right: str) -> None:
        lines = names(name)
        size = {"size": "12" if len(lines) == 1 else "10.5", "font": MONO}
        for number, line in enumerate(lines):
            up = 14 if len(lines) == 1 else 9 + 11 * number
            self.draw.text((PAD, y + up), line, "ink", **size)
        y += 28 if len(lines) == 1 else 32
        under = clipped(under, fitting(under, LEFT - PAD - 6, 10.5))
        self.draw.text((PAD, y), under, "soft", size="10.5")
        if right:
            y -= 11 if len(lines) == 1 else 15
            self.draw.text((LAST + 10, y), right, "ink")

    def _outcome(self, life: Life, y: float) -> None:
        said, exception = outcome(life)
        colour = "ink" if life.began is not None else "soft"
        colour = "error" if failed(life) else colour
        x, room = LAST + 10, WIDTH - LAST - 10 - 4
        if life.lane.name in self.sheet.marked:
            said = f"≠ {said}"
        if not exception:
            self.draw.text((x, y + 17), said, colour)
            return
        size, step = 11, 12
        lines = list(broken(exception, fitting(exception, room, size)))
        if len(lines) > 2:  # noqa: PLR2004 (smaller, three have room too)
            size, step = 10, 11
            lines = list(broken(exception, fitting(exception, room, size)))
            lines[2:] = [clipped(line, 17) for line in lines[2:3]]
        for number, line in enumerate([said, *lines]):
            at = (x, y + 19 - step + step * number)
            self.draw.text(at, line, colour, size=str(size))

    def _bar(self, ends: tuple[int, int], y: float, colour: str) -> None:
        x, end = self.scale(ends[0]), self.scale(ends[1])
        wide = max(end - x, 3)
        x = min(x, self.scale.width - wide)
        self.draw.box((LEFT + x, y + 5), (wide, 16), colour, rx="2.5")

    def _lane(self, life: Life, y: float) -> None:
        kind = life.lane.kind
        self._label(y, life.lane.name, detail(life), "")
        self._outcome(life, y)
        end = life.ended
        if end is None:
            end = self.sheet.recording.end
        if life.began is None:
            x = LEFT + min(max(self.scale(life.at), 6), self.scale.width - 6)
            diamond = f"M{x:.1f} {y + 7:.1f}l6 6l-6 6l-6 -6z"
            self.draw.path(diamond, kind, 1.5)
        elif life.yielded is not None:
            back = life.resumed if life.resumed is not None else end
            x = self.scale(life.yielded)
            wide = max(self.scale(back) - x, 1)
            at = (LEFT + x, y + 11)
            self.draw.box(at, (wide, 4), kind, opacity="0.4")
            self._bar((life.began, life.yielded), y, kind)
            if life.resumed is not None:
                self._bar((back, end), y, kind)
        else:
            self._bar((life.began, end), y, kind)
        if failed(life):
            x = LEFT + min(max(self.scale(end), 5), self.scale.width - 5)
            cross = f"M{x - 5:.1f} {y + 8:.1f}l10 10m0 -10l-10 10"
            self.draw.path(cross, "error", 2.5)


def names(name: str) -> list[str]:
    """Give a name in one line or two, as it fits to the left of the plot."""
    count = fitting(name, LEFT - PAD - 6, 12, MONO)
    if count == len(name):
        return [name]
    lines = list(broken(name, fitting(name, LEFT - PAD - 6, 10.5, MONO)))
    if len(lines) > 2:  # noqa: PLR2004 (a row has room for two)
        lines[1:] = [f"{lines[1][:-1]}…"]
    return lines
