"""Lessons that are made for a test, and pages whose links are followed."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from nbformat import v4

from course.reading.cells import Lesson

Say = Callable[..., Lesson]
TOP = "# A title\n\n*20 minutes · builds on nothing*\n\nText."
USED = re.compile(r'<(\w+)[^>]*?\s(?:href|src)="([^"]*)"')
LOADED = {"link", "script", "img", "iframe", "source"}


@pytest.fixture
def lesson() -> Say:
    """Make a lesson of cells: (kind on slides, text), code if it says so."""

    def make(*cells: tuple[str, str], top: str = TOP) -> Lesson:
        notebook = v4.new_notebook()
        for kind, text in (("slide", top), *cells):
            code = text.startswith(">>> ")
            new = v4.new_code_cell if code else v4.new_markdown_cell
            cell = new(text.removeprefix(">>> "))
            cell.metadata["slideshow"] = {"slide_type": kind}
            notebook.cells.append(cell)
        return Lesson("07_made_up", notebook)

    return make


def loaded_from_elsewhere(page: Path) -> list[str]:
    """Return what a page would fetch from the network."""
    used = USED.findall(page.read_text("utf-8"))
    return [link for tag, link in used if tag in LOADED and "//" in link]


def dead_links(page: Path) -> list[str]:
    """Return what a page leads to and is not there."""
    dead = []
    for _, link in USED.findall(page.read_text("utf-8")):
        file, _, anchor = unquote(link).partition("#")
        if "//" in file or file.startswith(("mailto:", "data:")):
            continue
        target = page.parent / file if file else page
        if not target.is_file():
            dead.append(link)
        elif anchor and target.suffix == ".html" and anchor != "__":
            ids = re.findall(r'\bid="([^"]+)"', target.read_text("utf-8"))
            dead += [] if anchor in ids else [link]
    return dead
