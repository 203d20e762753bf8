"""A lesson cut into slides: one idea each, none nearly empty, none too full.

A cell's tag says where a slide may begin. `height` estimates how high each
piece is, and `layout` chooses the best of all possible cuts.
"""

import ast
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import dedent

from markdown import Markdown
from nbformat import NotebookNode

from course.notebooks.pairs import FOLDER

from .cells import Lesson, fenced, kind, outputs
from .links import led
from .look import EXTENSIONS, SETTINGS

WIDTH, HEIGHT = 1184, 672  # of a slide of 1280 by 720, within its padding
SMALLEST = 0.77  # how much smaller a full slide may be made (deck.js)
FULL = HEIGHT / SMALLEST
EMPTY = HEIGHT / 3
LINE, CODE, GAP = 39, 28.4, 20  # a line's height
LETTERS, TABLE_LETTERS = 72, 92  # in a line of text, in a row of a table
LONG = 20  # lines of code that are cut at a blank line
TALL = 26  # lines without a blank one, which are cut as well
ROWS = 13  # of a table on one slide
COLUMNS = 6  # of a table whose cells need more than one line
SIDE, PICTURE = 440, 716  # how wide text beside a picture is, and the picture
SIDE_LETTERS = 32  # in a line of code there

BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
FENCED = re.compile(r"^(`{3,})(.*)\n([\s\S]*?)^\1$", re.MULTILINE)
LINK = re.compile(r"\]\([^)]*\)")
LAST_BLANK = re.compile(r"\n(?:[+ -]?\n)+(?=`{3,}$)", re.MULTILINE)
BLANK = re.compile(r"\n\s*\n")
TWO_BLANK = re.compile(r"^([+ -]?\n){2,}", re.MULTILINE)
SHOWS = re.compile(r"\w+|(new_in|source|questions)\(.*\)")
HEADING = re.compile(r"^#{1,3} ")
DETAILS = re.compile(r"<details.*?</details>", re.DOTALL)
ANSWER = re.compile(  # what `compare` folds, while nobody has guessed
    r"\*\*What do you think\?.*<summary>What happened</summary>\n\n(.*?)"
    r"\n\n</details>",
    re.DOTALL,
)
LEGEND = re.compile(  # of a picture: the first sign below its rows
    r'<rect x="14\.0" y="([\d.]+)" width="20\.0" height="(?:12|4)\.0"'
)
DIFF_HEAD = re.compile(r"^--- .*\n\+\+\+ .*\n@@ … @@\n+", re.MULTILINE)


@dataclass
class Piece:
    """What is not cut any more: its Markdown, and how it joins the others."""

    text: str
    begins: bool = False  # the tag of its cell begins a slide here
    fragment: bool = False  # it appears after a key is pressed
    continues: bool = False  # code that the piece before began
    notes: list[str] = field(default_factory=list)

    @property
    def height(self) -> float:
        """How high it is on a slide, about."""
        return height(self.text)

    @property
    def is_picture(self) -> bool:
        """Whether it was drawn."""
        return bool(BOX.search(self.text))

    @property
    def is_narrow(self) -> bool:
        """Whether it can stand beside a picture: text, or short lines."""
        lines = [
            line
            for block in FENCED.finditer(self.text)
            for line in block[3].splitlines()
        ]
        table = any(line.startswith("|") for line in self.text.splitlines())
        return not table and all(len(line) <= SIDE_LETTERS for line in lines)


@dataclass
class Slide:
    """One screen: its HTML, piece after piece, and what the speaker sees."""

    pieces: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    beside: bool = False  # its picture stands at the right
    picture: str = ""


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

    def add(self, column: list[Piece], converted: Markdown) -> None:
        """Lay out a column's pieces, as HTML."""
        slides = []
        for group in layout(column):
            slide = Slide(beside=is_beside(group))
            for number, piece in enumerate(joined(group)):
                html = self.html(piece.text, converted)
                if piece.is_picture and slide.beside:
                    slide.picture = html
                    continue
                if piece.fragment and number:
                    html = f'<div class="fragment">{html}</div>'
                slide.pieces.append(html)
            notes = [note for piece in group for note in piece.notes]
            slide.notes = [self.html(note, converted) for note in notes]
            slides.append(slide)
        self.columns.append(slides)

    def html(self, text: str, converted: Markdown) -> str:
        """Convert Markdown, with links to the decks that are there."""
        converted.reset()
        return converted.convert(led(text, FOLDER.name, self.led))

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
    for column in columns(lesson.cells):
        deck.add(column, converted)
    return deck


def columns(cells: Sequence[NotebookNode]) -> list[list[Piece]]:
    """Begin a column where a cell is tagged "slide"."""
    found: list[list[Piece]] = []
    for cell in cells:
        what = kind(cell)
        if what == "skip":
            continue
        if what == "notes":
            if found:
                found[-1][-1].notes.append(cell.source)
            continue
        if what == "slide" or not found:
            found.append([])
        for number, piece in enumerate(pieces(cell)):
            piece.begins = not number and what in {"slide", "subslide"}
            piece.fragment |= not number and what == "fragment"
            found[-1].append(piece)
    return [column for column in found if column]


def pieces(cell: NotebookNode) -> Iterator[Piece]:
    """Return what may stand on a slide of its own: text, code, outputs."""
    if cell.cell_type == "markdown":
        yield Piece(str(cell.source))
        return
    code = only_new(cell.source)
    told = code and not SHOWS.fullmatch(code)  # else the output says it all
    parts = [fenced(code, "python")] if told else []
    for output in [*parts, *outputs(cell)]:
        answer = bool(ANSWER.search(output))
        text = DIFF_HEAD.sub("", ANSWER.sub(r"\1", without_legend(output)))
        if block := FENCED.search(text):
            if block[2] == "python":
                text = text.replace(block[3], only_new(block[3]) + "\n")
            text = TWO_BLANK.sub(r"\1", text)
        for part in table_parts(DETAILS.sub("", text)):
            for number, code in enumerate(code_parts(part)):
                yield Piece(code, fragment=answer, continues=number > 0)


def only_new(code: str) -> str:
    """Omit imports and a module's docstring: a class reads what is below."""
    code = dedent(code)  # a method's
    lines = code.splitlines()
    for node in reversed(ast.parse(code).body):
        text = isinstance(node, ast.Expr) and isinstance(
            node.value, ast.Constant
        )
        if text or isinstance(node, (ast.Import, ast.ImportFrom)):
            del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines).strip("\n")


def without_legend(text: str) -> str:
    """Cut the legend of a picture that is too high to be read with it."""
    box, legend = BOX.search(text), LEGEND.search(text)
    if not box or not legend or int(box[2]) < 0.8 * HEIGHT:
        return text
    high = round(float(legend[1])) - 10
    return text.replace(box[0], f'viewBox="0 0 {box[1]} {high}"')


def table_parts(text: str) -> Iterator[str]:
    """Cut a long table in two, with the same head."""
    lines = text.splitlines()
    rows = [n for n, line in enumerate(lines) if line.startswith("|")]
    if len(rows) <= ROWS + 2 or FENCED.search(text):
        yield text
        return
    first, last = rows[0], rows[-1]
    head, before, after = lines[first : first + 2], lines[:first], lines[last:]
    middle = first + 2 + (len(rows) - 2) // 2
    yield "\n".join([*before, *lines[first:middle], *after[1:]])
    yield "\n".join([*before, *head, *lines[middle : last + 1], *after[1:]])


def code_parts(text: str) -> Iterator[str]:
    """Cut long code at blank lines before a definition or a statement."""
    block = FENCED.search(text)
    if not block or block[3].count("\n") <= LONG:
        yield text
        return
    before, after = text[: block.start()], text[block.end() :]
    parts: list[list[str]] = [[]]
    for line in block[3].splitlines():
        top = line.strip() and not line.startswith((" ", ")", "]", "}", "+ "))
        if top and parts[-1] and not parts[-1][-1].strip("+- "):
            parts.append([])
        parts[-1].append(line)
    merged: list[list[str]] = []
    for part in itertools.chain.from_iterable(map(halves, parts)):
        if merged and len(merged[-1]) + len(part) <= LONG / 2:
            merged[-1] += part
        else:
            merged.append(part)
    for part in merged:
        code = "\n".join(part)
        yield f"{before}{block[1]}{block[2]}\n{code}\n{block[1]}{after}"


def halves(part: list[str]) -> list[list[str]]:
    """Cut code without blank lines near its middle, where it is least deep."""
    if len(part) <= TALL:
        return [part]
    third = len(part) // 3
    inside = range(third, len(part) - third)
    deep = {n: len(part[n]) - len(part[n].lstrip()) for n in inside}
    middle = min(inside, key=lambda n: (deep[n], abs(n - len(part) / 2)))
    return [*halves(part[:middle]), *halves(part[middle:])]


def joined(group: Sequence[Piece]) -> list[Piece]:
    """Put code that was cut together again where it is on one slide."""
    whole: list[Piece] = []
    for piece in group:
        if piece.continues and whole:
            first, second = (
                FENCED.search(whole[-1].text),
                FENCED.search(piece.text),
            )
            if first and second:
                text = whole[-1].text.replace(first[3], first[3] + second[3])
                whole[-1] = Piece(text, fragment=whole[-1].fragment)
                continue
        whole.append(Piece(piece.text, fragment=piece.fragment))
    for piece in whole:
        piece.text = LAST_BLANK.sub("\n", piece.text)
    return whole


def layout(column: Sequence[Piece]) -> list[Sequence[Piece]]:
    """Choose the cuts that cost least: see `cost`."""

    @cache
    def best(start: int) -> tuple[float, int]:
        if start == len(column):
            return 0, start
        return min(
            (cost(column[start:end]) + best(end)[0], end)
            for end in range(start + 1, len(column) + 1)
        )

    slides, start = [], 0
    while start < len(column):
        end = best(start)[1]
        slides.append(column[start:end])
        start = end
    return slides


def cost(slide: Sequence[Piece]) -> float:
    """Say how bad a slide is: too full, nearly empty, cut in a wrong place."""
    filled = sum(piece.height for piece in slide)
    if is_beside(slide):
        filled = min(filled, beside_height(slide))
    bad = 1.0
    if filled > FULL and len(slide) > 1:
        bad += 1000 + filled
    elif filled > HEIGHT:  # it is made smaller
        bad += 3 * (filled - HEIGHT) / HEIGHT
    elif filled < EMPTY:
        bad += 8 * (EMPTY - filled) / EMPTY + 2
    ideas = sum(piece.begins for piece in slide[1:])
    bad += ideas  # two of them on one slide
    if not slide[0].begins:
        bad += 2 if slide[0].continues else 0.5
    if HEADING.match(slide[-1].text) and "\n" not in slide[-1].text.strip():
        bad += 20  # a title alone at the end
    return bad


def is_beside(slide: Sequence[Piece]) -> bool:
    """Say whether its picture stands at the right of its text."""
    pictures = [piece for piece in slide if piece.is_picture]
    others = [piece for piece in slide if not piece.is_picture]
    return (
        len(pictures) == 1
        and bool(others)
        and all(piece.is_narrow for piece in others)
        and sum(piece.height for piece in slide) > HEIGHT
        and beside_height(slide) <= FULL
    )


def beside_height(slide: Sequence[Piece]) -> float:
    """Estimate the height of text with a picture at its right."""
    texts = (piece for piece in slide if not piece.is_picture)
    left = sum(_narrow_height(piece) for piece in texts)
    (right,) = (piece.text for piece in slide if piece.is_picture)
    box = BOX.search(right)
    assert box
    return max(left, PICTURE * int(box[2]) / int(box[1]) + GAP)


def _narrow_height(piece: Piece) -> float:
    code = sum(
        CODE * each[3].count("\n") + 28 for each in FENCED.finditer(piece.text)
    )
    return code + (piece.height - code) * WIDTH / SIDE * 0.85


def height(text: str) -> float:
    """Estimate how high a piece is on a slide, in its pixels."""
    if box := BOX.search(text):
        width, high = map(int, box.groups())
        return min(0.94 * HEIGHT, WIDTH * high / width) + GAP
    text = LINK.sub("]", DETAILS.sub("", text))
    code = sum(
        CODE * each[3].count("\n") + 28 for each in FENCED.finditer(text)
    )
    rest = BLANK.split(FENCED.sub("", text).strip())
    return GAP + code + sum(map(_height, rest))


def _height(part: str) -> float:
    lines = part.splitlines()
    if not lines or part.startswith(("<div", "</div")):
        return 0
    if HEADING.match(part):
        return 75
    if lines[0].startswith("|"):
        many = lines[0].count("|") > COLUMNS  # then a cell is narrow
        letters = TABLE_LETTERS // 2 if many else TABLE_LETTERS
        rows = [-(-len(line) // letters) for line in lines]
        return 12 + 33 * sum(rows) + 12 * len(rows)
    if lines[0].startswith(("- ", "1.")):
        items = re.split(r"^(?:- |\d+\. )", part, flags=re.MULTILINE)[1:]
        return LINE * sum(-(-len(i) // LETTERS) for i in items) + GAP
    return LINE * -(-len(part) // LETTERS) + GAP
