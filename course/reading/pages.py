"""The site's pages: where each comes from, and how they link."""

import ast
import difflib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course.notebooks.pairs import ROOT

from .cells import fenced, lessons
from .exercise import exercises
from .links import led

ABOUT = ("docs/why.md", "docs/compat.md", "docs/timeline-truth.md")
PROJECT = ("CONTRIBUTING.md", "CHANGELOG.md")


@dataclass(frozen=True)
class Page:
    """One page: the file that it shows, and its Markdown."""

    source: str  # a path from the root, as a link in the repository names it
    title: str
    text: str
    group: str  # what it stands under

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
        *(
            Page(f"notebooks/{each.name}.ipynb", each.title, each.text, name)
            for name in ("Notebooks",)
            for each in lessons()
        ),
        *stages(),
        *(
            Page(
                f"exercises/{each.name}.py",
                each.title,
                each.page(),
                "Exercises",
            )
            for each in exercises()
        ),
        document("docs/teaching.md", "Teaching"),
        *(document(path, "About") for path in (*ABOUT, *PROJECT)),
    ]
    known = {page.source: page.path for page in found}
    return [linked(page, known) for page in found]


def linked(page: Page, known: dict[str, str]) -> Page:
    """Lead the links of a page to pages; there is nothing else."""
    here = posixpath.dirname(page.path) or "."

    def to(path: str) -> str | None:
        if path not in known:
            return None
        return posixpath.relpath(known[path], here)

    text = led(page.text, posixpath.dirname(page.source), to)
    return Page(page.source, page.title, text, page.group)


def document(path: str, group: str) -> Page:
    """Return a document of the repository as it stands."""
    text = (ROOT / path).read_text("utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    return Page(path, title, text, group)


def stages() -> Iterator[Page]:
    """Return a page for each stage: what is new, then all of it."""
    files = sorted((ROOT / "stages").glob("s[0-9][0-9]_*.py"))
    before: Path | None = None
    for file in files:
        code = file.read_text("utf-8")
        docstring = ast.get_docstring(ast.parse(code)) or ""
        first, _, rest = docstring.partition("\n")
        which, _, what = first.rstrip(".").partition(": ")
        title = f"{which} · {what[:1].upper()}{what[1:]}"
        notebook = rest.partition("Notebook: ")[2].split("\n")[0]
        parts = [
            f"# {title}",
            f"*[The notebook](../{notebook}) explains it.*",
            *([] if before is None else new(before, file)),
            f"## stages/{file.name}",
            fenced(code, 'python linenums="1"'),
        ]
        source = f"stages/{file.name}"
        yield Page(source, title, "\n\n".join(parts), "Stages")
        before = file


def new(before: Path, after: Path) -> list[str]:
    """Return what changes from one stage to the next."""
    lines = difflib.unified_diff(
        before.read_text("utf-8").splitlines(),
        after.read_text("utf-8").splitlines(),
        before.name,
        after.name,
        lineterm="",
    )
    return ["## What is new", fenced("\n".join(lines), "diff")]
