"""A lesson cut into slides: where its tags say so, and where one is full."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markdown import Markdown
from nbformat import NotebookNode

from course.notebooks.pairs import FOLDER

from .cells import Lesson, fenced, kind, outputs
from .links import led
from .look import EXTENSIONS, SETTINGS

WIDTH, HEIGHT = 1280, 760  # of a slide, in its own pixels
FULL = 1.2 * HEIGHT  # what is a little higher is made smaller (deck.js)
LINE, CODE, ROW, GAP = 40, 28, 45, 20  # how high a line of each is
LETTERS = 75  # in a line of text

BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
FENCED = re.compile(r"^(`{3,}).*?^\1$", re.DOTALL | re.MULTILINE)
BLANK = re.compile(r"\n\s*\n")
HEADING = re.compile(r"^#{1,3} ")


@dataclass
class Slide:
    """One screen: its HTML, piece after piece, and what the speaker sees."""

    pieces: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    height: float = 0


@dataclass
class Deck:
    """A lesson as slides: columns of them, as reveal.js has it."""

    lesson: Lesson
    beside: Collection[str] = ()  # the names of those that are there too
    columns: list[list[Slide]] = field(default_factory=list)

    @property
    def slides(self) -> list[Slide]:
        """All of them, in the order in which they are shown."""
        return [slide for column in self.columns for slide in column]

    def add(self, cell: NotebookNode, converted: Markdown) -> None:
        """Put a cell onto the slide that it belongs to."""
        what = kind(cell)
        if what == "slide" or not self.columns:
            self.columns.append([Slide()])
        elif what == "subslide":
            self.columns[-1].append(Slide())
        for text in pieces(cell):
            converted.reset()
            html = converted.convert(led(text, FOLDER.name, self.led))
            if what == "notes":
                self.columns[-1][-1].notes.append(html)
                continue
            slide, needed = self.columns[-1][-1], height(text)
            if slide.pieces and slide.height + needed > FULL:
                self.columns[-1].append(slide := Slide())
            elif what == "fragment" and slide.pieces:
                html = f'<div class="fragment">{html}</div>'
            slide.pieces.append(html)
            slide.height += needed

    def led(self, path: str) -> str | None:
        """Lead a link to the deck of another notebook; others lead nowhere."""
        file = Path(path)
        if file.parent.name == FOLDER.name and file.stem in self.beside:
            return f"{file.stem}.html"
        return None


def cut(lesson: Lesson, beside: Collection[str] = ()) -> Deck:
    """Cut a lesson into slides; `beside` names the decks it may lead to."""
    deck = Deck(lesson, beside)
    converted = Markdown(extensions=EXTENSIONS, extension_configs=SETTINGS)
    for cell in lesson.cells:
        if kind(cell) != "skip":
            deck.add(cell, converted)
    return deck


def pieces(cell: NotebookNode) -> Iterator[str]:
    """Return what may stand on a slide of its own: text, code, outputs."""
    if cell.cell_type == "markdown":
        yield cell.source
        return
    if cell.source:
        yield fenced(cell.source, "python")
    yield from outputs(cell)


def height(text: str) -> float:
    """Estimate how high a piece is on a slide, in its pixels."""
    if box := BOX.search(text):
        width, high = map(int, box.groups())
        return min(HEIGHT, WIDTH * high / width) + GAP
    code = sum(each[0].count("\n") for each in FENCED.finditer(text))
    rest = BLANK.split(FENCED.sub("", text).strip())
    return GAP + CODE * code + sum(map(_height, rest))


def _height(part: str) -> float:
    lines = part.splitlines()
    if not lines or part.startswith(("<div", "</div")):
        return 0
    if HEADING.match(part):
        return 2 * LINE
    if lines[0].startswith("|"):
        return ROW * len(lines)
    if lines[0].startswith(("- ", "1.")):
        items = sum(each.startswith(("- ", "1.")) for each in lines)
        return LINE * max(items, len(part) / LETTERS) + GAP
    return LINE * -(-len(part) // LETTERS) + GAP
