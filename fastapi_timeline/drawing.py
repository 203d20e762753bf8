"""What an SVG is made of here: colours, texts and boxes.

Fill attributes only, since GitHub drops `<style>`.
"""

import re
from collections.abc import Iterator
from html import escape

THEMES = {
    "light": {
        "paper": "#ffffff",
        "ink": "#1b2430",
        "soft": "#5b6675",
        "before": "#f3f7fc",
        "after": "#fdf7ee",
        "sent": "#18794e",
        "client": "#7b8794",
        "dependency": "#6e56cf",
        "endpoint": "#0b6bcb",
        "task": "#b65c02",
        "middleware": "#0f766e",
        "handler": "#a8327d",
        "aside": "#8a6d00",
        "warning": "#8a5a00",
        "message": "#4d7c0f",
        "error": "#c62a2f",
    },
    "dark": {
        "paper": "#151a21",
        "ink": "#e8ecf1",
        "soft": "#a3aebb",
        "before": "#1a222d",
        "after": "#241f19",
        "sent": "#4cc38a",
        "client": "#7e8b99",
        "dependency": "#a18fff",
        "endpoint": "#5eb0ff",
        "task": "#f5a14b",
        "middleware": "#3fc7b6",
        "handler": "#f08acb",
        "aside": "#d3c04a",
        "warning": "#e8b64c",
        "message": "#b5d96a",
        "error": "#ff7b7e",
    },
}
SANS = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace"
# A character's width in parts of the font's size, on the wide side.
WIDE = {SANS: 0.58, MONO: 0.605}
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def safe(text: str) -> str:
    """Escape it for XML, which has no form at all for some characters."""
    return escape(ILLEGAL.sub("\ufffd", text))


def attributes(look: dict[str, str]) -> str:
    """Write them as XML does: font_weight becomes font-weight."""
    return "".join(f' {k.replace("_", "-")}="{v}"' for k, v in look.items())


def fitting(text: str, room: float, size: float, font: str = SANS) -> int:
    """How many characters of it are sure to fit into this width."""
    return max(1, min(len(text), int(room / (size * WIDE[font]))))


def broken(text: str, count: int) -> Iterator[str]:
    """Break a name into lines at its humps and underscores."""
    while len(text) > count:
        humps = [
            m.start()
            for m in re.finditer(
                r"(?<=_)(?!_)|(?<=[a-z])(?=[A-Z])|(?=\.)", text
            )
            if 0 < m.start() <= count
        ]
        at = humps[-1] if humps else count
        yield text[:at]
        text = text[at:]
    yield text


def folded(text: str, room: float, size: float) -> list[str]:
    """Break a sentence into lines of this width, between words."""
    lines, count = [""], int(room / (size * WIDE[SANS]))
    for word in text.split():
        more = f"{lines[-1]} {word}".strip()
        if len(more) > count and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = more
    return lines


class Drawing:
    """Collects elements; the helpers keep one look."""

    def __init__(self, theme: str) -> None:
        if theme not in THEMES:
            message = f"There is no theme {theme!r}: take light or dark."
            raise ValueError(message)
        self.colour = THEMES[theme]
        self.parts: list[str] = []

    def add(self, part: str) -> None:
        """Add an element as it is."""
        self.parts.append(part)

    def text(
        self, at: tuple[float, float], words: str, colour: str, **look: str
    ) -> None:
        """Write words that begin at a place, or as `text_anchor` says."""
        size = look.pop("size", "12")
        font = look.pop("font", SANS)
        x, y = at
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"'
            f' font-family="{font}" fill="{self.colour[colour]}"'
            f"{attributes(look)}>{safe(words)}</text>"
        )

    def box(
        self,
        at: tuple[float, float],
        size: tuple[float, float],
        colour: str,
        **look: str,
    ) -> None:
        """Fill a rectangle."""
        (x, y), (wide, high) = at, size
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}"'
            f' height="{high:.1f}" fill="{self.colour[colour]}"'
            f"{attributes(look)}/>"
        )

    def path(self, steps: str, colour: str, width: float) -> None:
        """Draw a line along SVG's own steps."""
        self.parts.append(
            f'<path d="{steps}" fill="none" stroke="{self.colour[colour]}"'
            f' stroke-width="{width}"/>'
        )

    def fill(self, steps: str, colour: str) -> None:
        """Fill a shape along SVG's own steps."""
        self.parts.append(f'<path d="{steps}" fill="{self.colour[colour]}"/>')
