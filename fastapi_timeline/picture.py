"""A recording as an SVG: one picture, light or dark, without a style sheet.

Every text has a place of its own (names left, marks in the middle, outcomes
right), so that no two can ever overlap, however short the moments are.
"""

from collections.abc import Collection
from hashlib import sha256

from .drawing import (
    MONO,
    SANS,
    WIDE,
    Drawing,
    broken,
    fitting,
    folded,
    safe,
)
from .model import CHUNK, Life, Recording
from .rows import Group, framework, groups, late, legend, logged, zones
from .scale import Scale
from .words import (
    brought,
    clipped,
    counted,
    detail,
    failed,
    middle,
    milliseconds,
    outcome,
    remarks,
    sentence,
    slowed,
    spoken,
    took,
    warnings,
    work,
)

WIDTH, LEFT, RIGHT, PAD, TOP, ROW = 480, 172, 112, 14, 104, 46
HEAD = 64  # where the plot begins, above the names of its two halves
SIZE, SMALL = 13, 12.2  # 9 px where 480 are drawn as 358, as on a phone
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
            for line in folded(text, WIDTH - 2 * PAD, SMALL)
        ]
        self.remarks = [
            line
            for text in remarks(recording)
            for line in folded(text, WIDTH - 2 * PAD, SMALL)
        ]
        self.groups = groups(recording)
        self.framework = framework(recording)
        self.legend = legend(recording)
        self.rows = self._rows()
        self.bottom = TOP + sum(row.height for row in self.rows) + 6
        lines = (len(self.legend) + 1) // 2
        below = len(self.remarks) + len(self.warnings)
        self.height = self.bottom + 54 + 19 * lines + 15 * below

    def drawn(self) -> str:
        """Draw all of it: the SVG's text."""
        self._frame()
        y = float(TOP)
        for row in self.rows:
            row.paint(y)
            y += row.height
        sent = self.recording.sent
        if sent is not None:
            x = LEFT + self.scale(sent)
            self.draw.path(f"M{x:.1f} {HEAD}V{self.bottom}", "sent", 1.5)
        y = float(TOP)
        for row in self.rows:
            row.paint_logged(y)
            y += row.height
        y = self._legend(self.bottom + 58)
        lines = [(line, "soft") for line in self.remarks]
        for line, colour in [*lines, *((w, "error") for w in self.warnings)]:
            self.draw.text((PAD, y), line, colour, size=f"{SMALL}")
            y += 15
        return self._wrapped()

    def _rows(self) -> list["Row"]:
        rows = [Row(self, group) for group in self.groups]
        if self.marks:
            kinds = [group.lives[0].lane.kind for group in self.groups]
            ends = [n for n, kind in enumerate(kinds) if kind == "endpoint"]
            rows.insert(ends[0] + 1 if ends else len(rows), Row(self, "parts"))
        if self.framework:
            rows.insert(0, Row(self, "framework"))
        return [Row(self, "client"), *rows] if self.recording.client else rows

    def _legend(self, y: float) -> float:
        """Explain the signs, two on a line; give where the next line is."""
        for number, (sign, words) in enumerate(self.legend.items()):
            x = PAD + (number % 2) * WIDTH / 2
            if number and not number % 2:
                y += 19
            self._sign(sign, x, y - 9)
            self.draw.text((x + 28, y), words, "soft", size=f"{SMALL}")
        return y + 19

    def _sign(self, sign: str, x: float, y: float) -> None:
        draw = self.draw
        if sign in THIN:
            colour, opacity = THIN[sign]
            draw.box((x, y + 3), (20, 4), colour, opacity=opacity)
        elif sign == "log":
            colours = {log_colour(e.note) for e in logged(self.recording)}
            for number, colour in enumerate(sorted(colours)):
                draw.fill(triangle(x + 5 + 10 * number, y + 5), colour)
        elif sign == "never":
            draw.path(f"M{x + 10} {y - 1}l6 6l-6 6l-6 -6z", "soft", 1.5)
        elif sign == "error":
            draw.path(f"M{x + 5} {y}l10 10m0 -10l-10 10", "error", 2.5)
        elif sign == "part":
            draw.box((x + 9, y - 1), (2, 12), "sent", rx="1")
        elif sign == "sent":
            draw.path(f"M{x + 10} {y - 3}v16", "sent", 1.5)
        elif sign in self.draw.colour:
            draw.box((x, y - 1), (20, 12), sign, rx="2.5")

    def _wrapped(self) -> str:
        recording, height = self.recording, self.height
        title = f"What happened when: {recording.title}"
        more = [*remarks(recording), *warnings(recording)]
        words = ". ".join([sentence(recording), *more])
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
        top, bottom = HEAD, self.bottom
        draw.box((0, 0), (WIDTH, self.height), "paper", rx="10")
        name = f"{recording.title}"
        room = WIDTH - 2 * PAD - 12 - len(self.note) * 7
        name = middle(name, fitting(name, room, 16 * 1.08))
        draw.text((PAD, 29), name, "ink", size="16", font_weight="600")
        if self.note:
            at = (WIDTH - PAD, 29)
            draw.text(at, self.note, "soft", text_anchor="end")
        change, axis = LEFT + scale(scale.split), bottom + 17
        draw.box((LEFT, top), (change - LEFT, bottom - top), "before")
        draw.text((LEFT, axis), "0", "soft", size=f"{SMALL}")
        if scale.two:
            draw.box((change, top), (LAST - change, bottom - top), "after")
            said = took(recording, scale.split)
            look = {"size": f"{SMALL}", "text_anchor": "middle"}
            draw.text((change, axis), said, "soft", **look)
            words = "Two time scales: they change at the green line."
            draw.text((PAD, axis + 17), words, "soft", size=f"{SMALL}")
        if recording.sent is not None:
            words = f"response {recording.status} sent"
            x = min(max(LEFT + scale(recording.sent), LEFT + 62), LAST - 62)
            look = {"text_anchor": "middle", "font_weight": "600"}
            look["size"] = f"{SMALL}"
            draw.text((x, top - 6), words, "sent", **look)
        before, after = zones(recording)
        self._zone(before, LEFT + 6, "start")
        if scale.two:
            self._zone(after, LAST - 6, "end")
        over = "" if slowed(recording) else milliseconds(recording.end)
        look = {"size": f"{SMALL}", "text_anchor": "end"}
        draw.text((LAST, axis), over, "soft", **look)

    def _zone(self, words: str, x: float, anchor: str) -> None:
        """Name a half of the plot, in two lines: it may be narrow."""
        start, _, end = words.rpartition(" ")
        look = {"size": f"{SMALL}", "text_anchor": anchor}
        for number, line in enumerate((start, end)):
            at = (x, HEAD + 14 + 13 * number)
            self.draw.text(at, line, "soft", **look)


class Row:
    """One lane, or the client's wait, or the parts of a stream."""

    def __init__(self, sheet: Sheet, what: Group | str) -> None:
        self.sheet, self.what = sheet, what
        self.draw, self.scale = sheet.draw, sheet.scale
        one = what.lives[0] if isinstance(what, Group) else None
        self.logged = brought(one) if one is not None else []
        self.height = ROW + LOG * len(self.logged)

    def paint(self, y: float) -> None:
        """Draw it at a height."""
        recording = self.sheet.recording
        if isinstance(self.what, Group):
            title = "; ".join(dict.fromkeys(map(spoken, self.what.lives)))
            self.draw.add(f"<g><title>{safe(title)}</title>")
            self._group(self.what, y)
            self.draw.add("</g>")
        elif self.what == "client" and recording.client:
            self._client(y, *recording.client)
        elif self.what == "framework":
            spans = self.sheet.framework
            alone = took(recording, sum(end - start for start, end in spans))
            self._label(y, "framework", "routing, validation")
            self._said(y, alone, "soft")
            for span in spans:
                x, end = map(self.scale, span)
                at = (LEFT + min(x, self.scale.width - 1), y + 11)
                self.draw.box(at, (max(end - x, 1), 4), "soft")
        else:
            self._label(y, "sending", "the response's parts")
            self._said(y, counted(len(self.sheet.marks), "part"), "ink")
            for at_ in self.sheet.marks:
                x = LEFT + min(self.scale(at_), self.scale.width - 2)
                self.draw.box((x, y + 6), (2, 14), "sent", rx="1")

    def _client(self, y: float, start: int, end: int) -> None:
        """Draw its wait, up to "sent"; a long way from there is a thin line."""
        recording, after = self.sheet.recording, late(self.sheet.recording)
        under, sent = "left before the end", recording.sent
        if sent is not None:
            apart = end - start - min(sent, end)
            under = took(recording, max(apart, 0))
            under = f"on the way: {under}" if under else ""
        elif not recording.status:
            under = "left without an answer"
        self._label(y, "client waits", under)
        self._said(y, took(recording, end - start), "ink")
        if after and sent is not None:
            x, last = self.scale(sent), self.scale(end)
            at = (LEFT + min(x, self.scale.width - 1), y + 11)
            self.draw.box(at, (max(last - x, 1), 4), "client", opacity="0.5")
        self._bar(
            (start, end if sent is None else min(end, sent)), y, "client"
        )

    def _label(self, y: float, name: str, under: str) -> None:
        lines, size = names(name)
        for number, line in enumerate(lines):
            up = 15 if len(lines) == 1 else 9 + 12 * number
            look = {"size": f"{size}", "font": MONO}
            self.draw.text((PAD, y + up), line, "ink", **look)
        y += 31 if len(lines) == 1 else 34
        count = fitting("x" * 99, LEFT - PAD - 6, SMALL)
        if len(under) > count:  # the colour says of which kind it is
            parts = under.removeprefix("background ").split(" · ")
            while len(parts) > 1 and len(" · ".join(parts)) > count:
                del parts[0]
            under = middle(" · ".join(parts), count)
        self.draw.text((PAD, y), under, "soft", size=f"{SMALL}")

    def _said(self, y: float, said: str, colour: str, below: str = "") -> None:
        """Write at the right, in one line or two."""
        x, size = LAST + 10, f"{SIZE}"
        self.draw.text((x, y + 17), said, colour, size=size)
        if below:
            at = (x, y + 32)
            self.draw.text(at, below, "soft", size=f"{SMALL}")

    def _group(self, group: Group, y: float) -> None:
        life, count = group.lives[0], len(group.lives)
        if group.cached:
            names_ = ", ".join(one.lane.name for one in group.lives)
            self._label(y, f"{count} from a cache", names_[:99])
            self._said(y, "not called", "soft")
        elif count > 1:
            self._label(y, life.lane.name, detail(life))
            colour = "error" if failed(life) else "ink"
            known = life.began is not None and group.took
            below = f"{group.took} in all" if known else ""
            how, name = outcome(life)
            below = clipped(name or how, 15) if life.error else below
            self._said(y, f"×{count}", colour, below)
        else:
            self._label(y, life.lane.name, detail(life))
            self._outcome(life, y)
        for one in group.lives[:: max(1, count // MOST)]:
            self._marks(one, y)

    def paint_logged(self, y: float) -> None:
        """Write what it logged, over all lines that go through the plot."""
        for number, line in enumerate(self.logged):
            colour = log_colour(line)
            at = (PAD + 16, y + ROW - 1 + LOG * number)
            wide = 24 + SMALL * WIDE[SANS] * len(line)
            wide = min(wide, WIDTH - 2 * PAD)
            self.draw.box((PAD, at[1] - 12), (wide, LOG), "paper", rx="3")
            self.draw.fill(triangle(PAD + 5, at[1] - 4), colour)
            self.draw.text(at, line, colour, size=f"{SMALL}")

    def _outcome(self, life: Life, y: float) -> None:
        said, exception = outcome(life)
        colour = "ink" if life.began is not None else "soft"
        colour = "error" if failed(life) else colour
        x, room = LAST + 10, WIDTH - LAST - 10 - 4
        if life.lane.name in self.sheet.marked:
            said = f"≠ {said}"
        if not exception:
            own = work(life)
            below = f"works {own}" if own else ""
            if life.lane.kind == "middleware" and " + " in said:
                before, _, after = said.partition(" + ")
                said, below = f"{before} before", f"{after} after"
            elif said.endswith(BY):
                said, below = said.removesuffix(BY), BY.strip()
            self._said(y, said, colour, below)
            return
        count = fitting("x" * 99, room, SMALL)
        lines = list(broken(exception, count))
        lines[2:] = [clipped("".join(lines[2:]), count)] if lines[2:] else []
        for number, line in enumerate([said, *lines]):
            at = (x, y + 7 + 12 * number)
            self.draw.text(at, line, colour, size=f"{SMALL}")

    def _bar(self, ends: tuple[int, int], y: float, colour: str) -> None:
        x, end = self.scale(ends[0]), self.scale(ends[1])
        wide = max(end - x, 3)
        x = min(x, self.scale.width - wide)
        self.draw.box((LEFT + x, y + 5), (wide, 16), colour, rx="2.5")

    def _marks(self, life: Life, y: float) -> None:
        kind = life.lane.kind
        end = life.ended
        if end is None:
            end = self.sheet.recording.end
        if life.began is None:
            end = life.at
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
        for event in life.logged[:MOST]:
            colour = log_colour(event.note)
            x = LEFT + min(max(self.scale(event.at), 5), self.scale.width - 5)
            self.draw.fill(triangle(x, y + 26), colour)
        if failed(life):
            x = LEFT + min(max(self.scale(end), 5), self.scale.width - 5)
            cross = f"M{x - 5:.1f} {y + 8:.1f}l10 10m0 -10l-10 10"
            self.draw.path(cross, "error", 2.5)


def log_colour(line: str) -> str:
    """Tell a warning from what is worse."""
    return "warning" if line.startswith("WARN") else "error"


def triangle(x: float, y: float) -> str:
    """Draw the sign of a log record around a point."""
    return f"M{x:.1f} {y - 5:.1f}l5 9h-10z"


# The thin bars: their colour, and how much of it.
THIN = {
    "held": ("dependency", "0.4"),
    "inner": ("middleware", "0.4"),
    "way": ("client", "0.5"),
    "framework": ("soft", "1"),
}
LOG = 16  # the height of a line that was logged
BY = " by its decorator"
MOST = 200  # bars in one row: more could not be told from each other


def names(name: str) -> tuple[list[str], float]:
    """Give a name in one line or two, as it fits to the left of the plot.

    And the size of the letters for which it was measured. What two lines
    have no room for is left out of the middle.
    """
    room = LEFT - PAD - 6
    if fitting(name, room, SIZE, MONO) == len(name):
        return [name], SIZE
    count = fitting("x" * 99, room, SMALL, MONO)
    lines = list(broken(name, count))
    if len(lines) > 2:  # noqa: PLR2004 (a row has room for two)
        name = middle(name, 2 * count)
        lines = [name[:count], name[count:]]
    return lines, SMALL
