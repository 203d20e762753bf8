"""Make slides of the notebooks: one deck each, with notes, for a browser.

python -m course.reading.slides       all, into build/slides
python -m course.reading.slides 05    some

They need no network and no server. A cell's tag says what it is on slides, as
in JupyterLab: slide, subslide, fragment, skip, notes.
"""

import argparse
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pygments.formatters import HtmlFormatter

from course.folders import ROOT

from .cells import Lesson, lessons
from .deck import Deck, cut
from .handout import handout
from .look import dark_pictures

HERE = Path(__file__).parent / "files"
BUILT = ROOT / "build" / "slides"
REVEAL = ("reveal.js", "reveal.css", "reset.css", "plugin/notes.js")


def build(chosen: list[Lesson], to: Path = BUILT) -> list[Deck]:
    """Write a deck for each lesson, its hand-out, and a page with all."""
    shutil.rmtree(to, ignore_errors=True)
    (to / "reveal").mkdir(parents=True)
    reveal = revealjs()
    for file in (*(f"dist/{each}" for each in REVEAL), "LICENSE"):
        shutil.copy(reveal / file, to / "reveal" / Path(file).name)
    shutil.copy(HERE / "deck.css", to)
    shutil.copy(HERE / "deck.js", to)
    shutil.copy(HERE / "handout.css", to)
    (to / "code.css").write_text(colours(), "utf-8")
    page = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = [lesson.name for lesson in chosen]
    decks = [cut(lesson, names) for lesson in chosen]
    for each in decks:
        text = page.get_template("deck.html").render(deck=each)
        (to / f"{each.lesson.name}.html").write_text(text, "utf-8")
    handouts = [made for each in chosen if (made := handout(each))]
    for made in handouts:
        text = page.get_template("handout.html").render(handout=made)
        (to / f"{made.lesson.name}-handout.html").write_text(text, "utf-8")
    printed = {made.lesson.name for made in handouts}
    text = page.get_template("decks.html").render(decks=decks, printed=printed)
    (to / "index.html").write_text(text, "utf-8")
    return decks


def revealjs() -> Path:
    """Find reveal.js in its package, without importing it."""
    found = find_spec("pyreveal")
    assert found
    assert found.origin
    return Path(found.origin).parent / "revealjs"


def colours() -> str:
    """Return a style sheet for code and pictures, light and dark."""
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    dark = f"{dark}\n{dark_pictures('')}"
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def main() -> int:
    """Make them, and say where they are."""
    parser = argparse.ArgumentParser(
        "python -m course.reading.slides",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebooks", nargs="*", metavar="NAME")
    for each in build(lessons(parser.parse_args().notebooks)):
        print(f"✓ {each.lesson.name}: {len(each.slides)} slides")
    print(f"Open {(BUILT / 'index.html').as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
