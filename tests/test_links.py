"""Every link leads somewhere: from document to file, heading and job."""

import ast
import re
from pathlib import Path

import pytest

import start
from course.notebooks.pairs import read, sources
from tests.servers import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
ROOMS = "stages|exercises|solutions|checks|notebooks|docs|locks|course|tests"
PLACE = re.compile(rf"(?<![\w/.-])(?:{ROOMS})/[\w/.-]*\w")
COMMAND = re.compile(r"python3\s+start\.py\s+([a-z]+)")

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *sources([])]
LESSONS = [
    file
    for room in ("stages", "exercises", "solutions", "checks")
    for file in sorted((ROOT / room).glob("*.py"))
    if file.stem != "__init__"
]


def name(path: Path) -> str:
    """Call a file in a test's name what it is called in the repository."""
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    """Return what is there to read: of a notebook, its Markdown."""
    if path.suffix == ".md":
        return path.read_text("utf-8")
    source = path.with_suffix(".py")
    cells = [each for each in read(source).cells if each.source]
    return "\n\n".join(
        each.source for each in cells if each.cell_type == "markdown"
    )


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document."""
    return set(map(slug, HEADING.findall(FENCED.sub("", text_of(path)))))


def docstring(path: Path) -> str:
    """Return a module's docstring."""
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def stage_of(source: Path) -> Path:
    """Return the stage that a notebook would be about, by its name."""
    return ROOT / "stages" / f"s{source.name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(document: Path) -> None:
    """The file is there, and so is the heading in it."""
    for link in LINK.findall(FENCED.sub("", text_of(document))):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file) if file else document
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("lesson", LESSONS, ids=name)
def test_every_file_that_a_docstring_names_exists(lesson: Path) -> None:
    """It is named by its path from the root."""
    for place in PLACE.findall(docstring(lesson)):
        assert (ROOT / place).exists(), place


def test_every_job_that_is_named_exists() -> None:
    """`python3 start.py JOB`, wherever it stands, names a job."""
    texts = [*map(text_of, DOCUMENTS), *map(docstring, LESSONS)]
    named = set(COMMAND.findall("\n".join(texts)))
    assert len(named) >= 8
    assert named <= start.jobs().keys()


@pytest.mark.parametrize(
    "source", [s for s in sources([]) if stage_of(s).exists()], ids=name
)
def test_stage_and_notebook_name_each_other(source: Path) -> None:
    """From the code to its reading, and back."""
    stage = stage_of(source)
    assert f"](../stages/{stage.name})" in text_of(source)
    assert f"Notebook: {name(source.with_suffix('.ipynb'))}" in (
        docstring(stage)
    )


@pytest.mark.parametrize(
    "stub", sorted((ROOT / "exercises").glob("ex*.py")), ids=name
)
def test_an_exercise_names_its_notebook(stub: Path) -> None:
    """A learner who is stuck knows what to read."""
    found = re.search(r"^Notebook: (\S+)$", docstring(stub), re.MULTILINE)
    assert found
    assert (ROOT / found[1]).exists()
