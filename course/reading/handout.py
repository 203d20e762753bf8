"""A hand-out of two pages for each stage: the idea, and its code."""

import ast
import re
from dataclasses import dataclass
from difflib import ndiff

from markdown import Markdown

from course.stage import Stage, earlier, find_stages

from .cells import FIGURE, Lesson, fenced, outputs
from .links import led
from .look import EXTENSIONS, SETTINGS

NUMBER = re.compile(r"^(\d\d)_")
LINES = 190  # of code on the second page, in two columns
SHORT = 60  # lines that have room in one column


@dataclass(frozen=True)
class Handout:
    """What is printed on the two pages, as HTML."""

    lesson: Lesson
    parts: list[str]
    code: str
    short: bool


def handout(lesson: Lesson) -> Handout | None:
    """Make the hand-out of a stage's notebook; others have none."""
    number = NUMBER.match(lesson.name)
    if not number:
        return None
    stages = find_stages()
    stage = next(s for s in stages if s.number == int(number[1]))
    parts = [lesson.cells[0].source, picture(lesson)]
    parts += [
        cell.source
        for cell in lesson.cells
        if cell.source.startswith(("## Now you can", "| what can go wrong"))
    ]
    code = code_of(stage, stages)
    return Handout(
        lesson,
        [html(part) for part in parts if part],
        html(fenced(code, "python")),
        len(code.splitlines()) <= SHORT,
    )


def picture(lesson: Lesson) -> str:
    """Return the first picture that was drawn."""
    drawn = (text for cell in lesson.cells for text in outputs(cell))
    return next((text for text in drawn if text.startswith(FIGURE)), "")


def code_of(stage: Stage, stages: list[Stage]) -> str:
    """Return a stage without its imports.

    Of a package, return one file; of a long file, what is new.
    """
    if stage.path.is_dir():
        name = "worker.py" if stage.worker else "queue.py"
        return body((stage.path / name).read_text("utf-8"))
    text, before = body(stage.source), earlier(stage, stages)
    if len(text.splitlines()) <= LINES or not before:
        return text
    old, new = body(before.source).splitlines(), text.splitlines()
    added = [line[2:] for line in ndiff(old, new) if line.startswith("+ ")]
    return "\n".join(added)


def body(text: str) -> str:
    """Return a module without its docstring and its imports."""
    nodes = ast.parse(text).body
    skipped = (ast.Import, ast.ImportFrom, ast.Expr)
    first = next(node for node in nodes if not isinstance(node, skipped))
    return "\n".join(text.splitlines()[first.lineno - 1 :])


def html(text: str) -> str:
    """Convert Markdown, without links: it is printed on paper."""
    converted = Markdown(extensions=EXTENSIONS, extension_configs=SETTINGS)
    return converted.convert(led(text, ".", lambda _: None))
