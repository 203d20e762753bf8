"""A stage's source, and what is new in it, as highlighted HTML."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

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


class Size(NamedTuple):
    """How many lines a change adds and removes."""

    added: int
    removed: int


@dataclass(frozen=True)
class Diff:
    """What changes from one source to the next."""

    lines: tuple[Line, ...]
    size: Size


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


def compared(old: str, new: str) -> "SequenceMatcher[str]":
    """Compare two sources line by line."""
    lines = old.splitlines(), new.splitlines()
    return SequenceMatcher(None, *lines, autojunk=False)


def size(old: str, new: str) -> Size:
    """Count what changes; nothing is highlighted for that."""
    changes = [
        (b2 - b1, a2 - a1)
        for what, a1, a2, b1, b2 in compared(old, new).get_opcodes()
        if what != "equal"
    ]
    return Size(sum(a for a, _ in changes), sum(r for _, r in changes))


def between(old: str, new: str) -> Diff:
    """Return what is new: changed lines with a few unchanged around them."""
    before, after = highlighted(old), highlighted(new)
    lines: list[Line] = []
    for group in compared(old, new).get_grouped_opcodes(CONTEXT):
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
    return Diff(tuple(lines), size(old, new))


Lines = tuple[int, int]  # the first and the last line of a function


@dataclass(frozen=True)
class Functions:
    """Where each function of a stage stands in its whole source."""

    places: dict[tuple[str, int], Lines]  # by its file's name, and each line

    @classmethod
    def of(cls, files: Sequence[Path]) -> "Functions":
        """Read them; the source of a folder has a heading above each file."""
        places: dict[tuple[str, int], Lines] = {}
        above = 0
        for file in files:
            text = file.read_text("utf-8")
            above += len(files) > 1
            for node in ast.walk(ast.parse(text)):
                if not isinstance(
                    node, ast.FunctionDef | ast.AsyncFunctionDef
                ):
                    continue
                first = min(
                    [node.lineno, *(d.lineno for d in node.decorator_list)]
                )
                last = node.end_lineno or first
                for line in range(first, node.lineno + 1):
                    places[file.name, line] = (first + above, last + above)
            above += len(text.splitlines()) + (len(files) > 1)
        return cls(places)

    def lines(self, place: str) -> Lines | None:
        """Return a function's lines; `place` is the recorder's file:line.

        Of a task that a worker runs, the recorder knows its name alone.
        """
        file, _, line = place.rpartition(":")
        name = file.replace("\\", "/").rpartition("/")[2]
        return self.places.get((name, int(line))) if line.isdigit() else None


def styles() -> str:
    """Return the highlighting's style sheet, light and dark."""
    light = HtmlFormatter(style="default").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
