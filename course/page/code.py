"""A stage's source, and what is new in it, as highlighted HTML."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

CONTEXT = 3  # unchanged lines around a change

Kind = Literal["same", "added", "removed", "gap"]
SIGNS: dict[Kind, str] = {
    "same": " ",
    "added": "+",
    "removed": "−",
    "gap": "⋮",
}


@dataclass(frozen=True)
class Line:
    """One line to show: `html` is escaped and highlighted."""

    kind: Kind
    number: int | None
    html: str

    @property
    def sign(self) -> str:
        """What stands at the line's beginning, so that colour is not all."""
        return SIGNS[self.kind]


@dataclass(frozen=True)
class Diff:
    """What changes from one source to the next."""

    lines: tuple[Line, ...]
    added: int
    removed: int


@lru_cache(32)
def highlighted(source: str) -> list[str]:
    """Return one piece of HTML for each line of Python."""
    html: str = highlight(
        source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)
    )
    return html.splitlines()


def whole(source: str) -> list[Line]:
    """Return a source with its line numbers."""
    lines = enumerate(highlighted(source), 1)
    return [Line("same", number, html) for number, html in lines]


def between(old: str, new: str) -> Diff:
    """Return what is new: changed lines with a few unchanged around them."""
    before, after = highlighted(old), highlighted(new)
    match = SequenceMatcher(
        None, old.splitlines(), new.splitlines(), autojunk=False
    )
    lines: list[Line] = []
    for group in match.get_grouped_opcodes(CONTEXT):
        if lines:
            lines.append(Line("gap", None, ""))
        for what, a1, a2, b1, b2 in group:
            if what == "equal":
                same = enumerate(after[b1:b2], b1 + 1)
                lines += [Line("same", n, html) for n, html in same]
                continue
            lines += [Line("removed", None, html) for html in before[a1:a2]]
            fresh = enumerate(after[b1:b2], b1 + 1)
            lines += [Line("added", n, html) for n, html in fresh]
    kinds = [line.kind for line in lines]
    return Diff(tuple(lines), kinds.count("added"), kinds.count("removed"))


def styles() -> str:
    """Return the highlighting's style sheet, light and dark."""
    light = HtmlFormatter(style="default").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
