"""A notebook's cells as Markdown: what is written there, and what came out."""

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy

from nbformat import NotebookNode

from course.notebooks.pairs import COLOUR, read_made, sources

PICTURE = "image/svg+xml"
FIGURE = '<figure class="picture" data-search-exclude>'
FOLDED = (
    '<details markdown="1"><summary>Guess first, then open this to see what'
    " happened</summary>"
)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
MINUTES = re.compile(r"^\*(\d+) minutes\b", re.MULTILINE)


class Lesson:
    """A notebook that was made: its name, its title, its cells."""

    def __init__(self, name: str, notebook: NotebookNode) -> None:
        self.name, self.cells = name, list(notebook.cells)

    @property
    def title(self) -> str:
        """The title at its top."""
        return found(TITLE, self.cells[0].source, self.name)

    @property
    def minutes(self) -> int:
        """How long it takes, as it says below its title."""
        return int(found(MINUTES, self.cells[0].source, self.name))

    @property
    def text(self) -> str:
        """All of it, without what only a speaker sees."""
        return "\n\n".join(
            markdown(cell) for cell in self.cells if kind(cell) != "notes"
        )


def lessons(words: Sequence[str] = ()) -> list[Lesson]:
    """Read the notebooks that the words begin, in order; all, without any."""
    return [Lesson(each.stem, read_made(each)) for each in sources(words)]


def found(pattern: re.Pattern[str], text: str, name: str) -> str:
    """Return what a pattern finds; without it, say which notebook lacks it."""
    match = pattern.search(text)
    if not match:
        raise ValueError(f"{name} has no line like {pattern.pattern}")
    return match[1]


def kind(cell: NotebookNode) -> str:
    """Say what a cell is on slides: slide, subslide, fragment, notes, skip.

    Empty, if it continues the cell before.
    """
    tagged = str(cell.metadata.get("slideshow", {}).get("slide_type", ""))
    return tagged.strip("-")


def markdown(cell: NotebookNode) -> str:
    """Return a cell, its outputs below its code."""
    if cell.cell_type == "markdown":
        return str(cell.source)
    code = [fenced(cell.source, "python")] if cell.source else []
    shown = list(outputs(cell))
    if shown and is_folded(cell):
        shown = [f"{FOLDED}\n\n", *shown, "</details>"]
    return "\n\n".join([*code, *shown])


def is_folded(cell: NotebookNode) -> bool:
    """Say whether a cell shows what a reader should guess first."""
    return bool(cell.metadata.get("jupyter", {}).get("outputs_hidden"))


def outputs(cell: NotebookNode) -> Iterator[str]:
    """Return each output in a box of its own; a picture as it was drawn."""
    for output in printed_together(cell.get("outputs", ())):
        data = output.get("data", {})
        if PICTURE in data:
            yield f"{FIGURE}{data[PICTURE]}</figure>"
            continue
        inside = data.get("text/markdown") or fenced(plain(output), "text")
        yield f'<div class="output" markdown="1">\n\n{inside}\n\n</div>'


def printed_together(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Join what was printed in several parts, as JupyterLab does."""
    whole: list[NotebookNode] = []
    for output in outputs:
        before = whole[-1] if whole else {}
        if "name" in output and before.get("name") == output["name"]:
            joined = copy(output)
            joined["text"] = str(before["text"]) + str(output["text"])
            whole[-1] = joined
        else:
            whole.append(output)
    return whole


def plain(output: NotebookNode) -> str:
    """Return an output's text without colours."""
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    text = text or "\n".join(output.get("traceback", ()))
    return COLOUR.sub("", str(text)).rstrip("\n")


def fenced(text: str, language: str) -> str:
    """Put a fence around it that is longer than any inside."""
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
