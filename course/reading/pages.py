"""The site's pages: the files that they show, and their links."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course.folders import ROOT
from course.questions.found import find
from course.stage import Stage, changes, find_stages

from .cells import FIGURE, Lesson, fenced, lessons
from .exercise import Exercise, exercises
from .links import led
from .question import text_of

PICTURE = re.compile(r"<picture>.*?<img src=\"(\S+)\".*?</picture>", re.DOTALL)
NOTEBOOK = re.compile(r"^Notebook: (\S+)$", re.MULTILINE)
ABOUT = (
    "docs/choosing.md",
    "docs/settings.md",
    "docs/why.md",
    "docs/compat.md",
    "docs/questions.md",
    "docs/timeline-truth.md",
)
PROJECT = ("CONTRIBUTING.md", "CHANGELOG.md")


@dataclass(frozen=True)
class Page:
    """One page: the file that it shows, and its Markdown."""

    source: str  # a path from the root, as a link in the repository names it
    title: str
    text: str
    group: str  # its part of the navigation

    @property
    def path(self) -> str:
        """Where its Markdown lies in the site's source."""
        if self.source == "README.md":
            return "index.md"
        return str(Path(self.source).with_suffix(".md").as_posix())


def pages() -> list[Page]:
    """Collect all of them, with links that lead from page to page."""
    found = [
        document("README.md", "Start"),
        *map(notebook, lessons()),
        *stages(),
        *map(exercise, exercises()),
        *questions(),
        document("docs/teaching.md", "Teaching"),
        *(document(path, "About") for path in (*ABOUT, *PROJECT)),
    ]
    known = {page.source: page.path for page in found}
    return [linked(page, known) for page in found]


def linked(page: Page, known: dict[str, str]) -> Page:
    """Lead the links of a page to other pages."""
    here = posixpath.dirname(page.path) or "."

    def to(path: str) -> str | None:
        for place in (path, posixpath.dirname(path)):  # a stage of many files
            if place in known:
                return posixpath.relpath(known[place], here)
        return None

    text = led(page.text, posixpath.dirname(page.source), to)
    return Page(page.source, page.title, text, page.group)


def notebook(lesson: Lesson) -> Page:
    """Return a notebook as it was run."""
    path = f"notebooks/{lesson.name}.ipynb"
    return Page(path, lesson.title, lesson.text, "Notebooks")


def exercise(each: Exercise) -> Page:
    """Return an exercise's instruction and its checks."""
    path = f"exercises/{each.name}.py"
    return Page(path, each.title, each.page(), "Exercises")


def questions() -> Iterator[Page]:
    """Return a page that lists all questions, then a page for each."""
    found = find()
    lines = [
        f"{each.number}. [{each.title}](questions/{each.path.name})"
        for each in found
    ]
    first = "\n".join(["# What people really ask", "", *lines, ""])
    yield Page("questions", "All", first, "Questions")
    for each in found:
        path = f"questions/{each.path.name}"
        yield Page(path, each.title, text_of(each), "Questions")


def document(path: str, group: str) -> Page:
    """Return a document of the repository as it stands."""
    file = ROOT / path
    text = file.read_text("utf-8")
    title = text.partition("\n")[0].removeprefix("# ")

    def drawn(picture: re.Match[str]) -> str:
        svg = (file.parent / picture[1]).read_text("utf-8")
        return f"{FIGURE}{svg}</figure>"  # so the site's style turns it dark

    return Page(path, title, PICTURE.sub(drawn, text), group)


def stages() -> Iterator[Page]:
    """Return a page for each stage: what is new, then all of it."""
    before: Stage | None = None
    for stage in find_stages():
        folder = stage.path.is_dir()
        first = stage.path / "__init__.py" if folder else stage.path
        title = f"Stage {stage.number} · {stage.title}"
        parts = [f"# {title}"]
        if told := NOTEBOOK.search(first.read_text("utf-8")):
            parts.append(f"*[The notebook](../{told[1]}) explains it.*")
        if before and not folder:
            diff = "\n".join(changes(before, stage))
            parts += ["## What is new", fenced(diff, "diff")]
        files = sorted(stage.path.rglob("*.py")) if folder else [stage.path]
        for file in files:
            path = file.relative_to(ROOT).as_posix()
            code = fenced(file.read_text("utf-8"), 'python linenums="1"')
            parts += [f"## {path}", code]
        source = f"stages/{stage.path.name}"
        yield Page(source, title, "\n\n".join(parts), "Stages")
        before = stage
