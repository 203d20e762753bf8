"""A notebook to read on the page, as it is stored."""

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from course.folders import ROOT
from course.page import code

NOTEBOOKS = ROOT / "notebooks"
MARKDOWN = MarkdownIt("commonmark").enable("table")
LINK = re.compile(r'href="(?:\.\./notebooks/)?(\w+)\.ipynb(#[^"]*)?"')
SCROLL = '<div class="scroll" tabindex="0">'
UP = re.compile(r'href="\.\./([^"]+)"')
VIEWS = re.compile(r"(exercise|question)s/[eq]x?0?(\d+)_\w+\.py")


def notebooks() -> dict[str, Path]:
    """Return those that there are, by name."""
    return {file.stem: file for file in sorted(NOTEBOOKS.glob("*.ipynb"))}


@cache
def read(file: Path) -> str:
    """Return a notebook as HTML; what is for the speaker is left out."""
    cells = json.loads(file.read_text("utf-8"))["cells"]
    return "\n".join(
        cell_as_html(cell) for cell in cells if slide(cell) != "notes"
    )


def slide(cell: dict[str, Any]) -> str:
    """Return what a cell is on slides."""
    found: str = cell["metadata"].get("slideshow", {}).get("slide_type", "")
    return found


def markdown(text: str) -> str:
    """Render a text; what may be wider than a phone can be scrolled."""
    rendered: str = MARKDOWN.render(text)
    rendered = rendered.replace("<table>", f"{SCROLL}<table>")
    rendered = rendered.replace("</table>", "</table></div>")
    return rendered.replace("<pre>", '<pre tabindex="0">')


def linked(text: str) -> str:
    """Render a text; its links to files lead to the page's own views."""
    rendered = LINK.sub(r'href="/notebook/\1\2"', markdown(text))
    return UP.sub(lambda link: f'href="/{view(link[1])}"', rendered)


def view(path: str) -> str:
    """Return where the page shows a file of the course."""
    found = VIEWS.fullmatch(path)
    return f"{found[1]}/{found[2]}" if found else f"file/{path}"


def cell_as_html(cell: dict[str, Any]) -> str:
    """Return a cell: its text, or its code and what came of it."""
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return linked(text)
    lines = "\n".join(code.highlighted(text))
    outputs = "".join(
        output_as_html(output) for output in cell.get("outputs", [])
    )
    return (
        f'<div class="card cell code"><pre tabindex="0">{lines}</pre></div>'
        f"{outputs}"
    )


def output_as_html(output: dict[str, Any]) -> str:
    """Return the best form of an output that a page can show."""
    data = output.get("data", {})
    if picture := "".join(data.get("image/svg+xml", [])):
        return f'<figure class="picture scroll">{picture}</figure>'
    if text := "".join(data.get("text/markdown", [])):
        return f'<div class="output">{linked(text)}</div>'
    plain = "".join(output.get("text", data.get("text/plain", [])))
    if not plain:
        return ""
    return f'<pre class="output" tabindex="0">{html.escape(plain)}</pre>'
