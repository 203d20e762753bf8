"""How long a notebook takes to read and to run, by what is in it."""

import math
import re
from collections.abc import Iterable

from nbformat import NotebookNode

WORD = re.compile(r"[\w'’]+")
WORDS_A_MINUTE, LINES_A_MINUTE = 200, 20
MINUTES_A_CELL = 0.3
STEP = 5  # minutes: nobody plans more exactly
MORE = re.compile(r"^## More\b", re.MULTILINE)
LINKS = re.compile(r"^## Questions that you can now answer", re.MULTILINE)


def minutes(cells: Iterable[NotebookNode]) -> int:
    """Add words, lines of code and cells; round up to the next five."""
    read = [cell for cell in cells if slide_type(cell) != "notes"]
    words = sum(len(WORD.findall(c.source)) for c in read if is_text(c))
    lines = sum(len(code_lines(c)) for c in read if not is_text(c))
    needed = (
        words / WORDS_A_MINUTE
        + lines / LINES_A_MINUTE
        + MINUTES_A_CELL * len(read)
    )
    return STEP * math.ceil(needed / STEP)


def parts(
    cells: list[NotebookNode],
) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """Cut a notebook into what everybody reads, and "More" at its end.

    The list of questions that follows leads elsewhere: it is in neither.
    """
    starts = [n for n, c in enumerate(cells) if LINKS.search(c.source)]
    cells = cells[: min(starts, default=len(cells))]
    for number, cell in enumerate(cells):
        if is_text(cell) and MORE.search(cell.source):
            return cells[:number], cells[number:]
    return cells, []


def is_text(cell: NotebookNode) -> bool:
    """Say whether a cell is read, and not run."""
    return bool(cell.cell_type == "markdown")


def slide_type(cell: NotebookNode) -> str:
    """Say what a cell is on slides; "notes" are for the speaker alone."""
    return str(cell.metadata.get("slideshow", {}).get("slide_type", ""))


def code_lines(cell: NotebookNode) -> list[str]:
    """Return the lines of a cell that are not blank."""
    return [line for line in cell.source.splitlines() if line.strip()]
