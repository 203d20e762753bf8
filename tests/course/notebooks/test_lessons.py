"""What every notebook of the course has, and what none may have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from course.notebooks import length, pairs
from course.notebooks.length import is_text
from course.reading.cells import MINUTES, Lesson
from course.stage import find_stages
from tests.servers import ROOT

PICTURE = re.compile(r"!\[(.*?)\]\(|<img\b([^>]*)>")
IN_CLASS = re.compile(r"\*\*In class, (\d+) minutes?\.\*\* ")
COPIED = 5  # lines in common with a stage make a copy

every_notebook = pytest.mark.parametrize(
    "source", pairs.sources([]), ids=lambda path: path.stem
)


def code_lines(text: str) -> list[str]:
    """Return the lines that say something, without their indentation."""
    lines = (line.strip() for line in text.splitlines())
    skipped = ("#", "import ", "from ")
    return [line for line in lines if line and not line.startswith(skipped)]


def runs(lines: list[str]) -> Iterator[tuple[str, ...]]:
    """Return each run of lines that is long enough for a copy."""
    for start in range(len(lines) - COPIED + 1):
        yield tuple(lines[start : start + COPIED])


def test_every_ipynb_has_its_source() -> None:
    """None is left over, and none is written by hand."""
    found = {path.stem for path in pairs.sources([])}
    for suffix in ("ipynb", "py"):
        assert {path.stem for path in pairs.FOLDER.glob(f"*.{suffix}")} == found


@every_notebook
def test_it_is_made_of_its_source(source: Path) -> None:
    """The .ipynb beside a .py says the same, for the kernel python3."""
    assert pairs.outdated(source) == ""


@every_notebook
def test_it_was_run_from_top_to_bottom(source: Path) -> None:
    """A clean kernel ran each cell once, in order, without a warning."""
    notebook = pairs.read_made(source)
    cells = [each for each in notebook.cells if each.cell_type == "code"]
    counts = [each.execution_count for each in cells if each.source]
    assert counts == list(range(1, len(counts) + 1))
    assert pairs.warnings(notebook) == []


@every_notebook
def test_its_outputs_name_no_machine(source: Path) -> None:
    """No folder of its author, and no address in memory."""
    for cell in pairs.read_made(source).cells:
        text = json.dumps(cell.get("outputs", []))
        assert str(ROOT) not in text
        assert not re.search(
            r"/home/|/Users/|/tmp/|/root/|0x[0-9a-f]{6,}", text
        )


@every_notebook
def test_it_says_how_long_it_takes(source: Path) -> None:
    """The minutes below the title follow from its words, code and cells."""
    cells = pairs.read(source).cells
    first = cells[0].source
    assert first.startswith("# ")
    needed, more = length.parts(cells)
    assert MINUTES.findall(first) == [str(length.minutes(needed))]
    assert length.minutes(needed) <= 35
    said = re.findall(r"· (\d+) more at the end", first)
    assert said == ([str(length.minutes(more))] if more else [])


def test_a_stages_notebook_has_its_title() -> None:
    """The page, the README, slides and site say one name for one stage."""
    titles = {f"{s.number:02}": s.title for s in find_stages()}
    for source in pairs.sources(list(titles)):
        first = pairs.read(source).cells[0].source.partition("\n")[0]
        number = source.stem[:2]
        assert first == f"# Stage {int(number)} · {titles[number]}"


def test_start_here_lists_every_notebook() -> None:
    """Each with its own title and its own minutes."""
    start, *others = pairs.sources([])
    tables = start.read_text("utf-8")
    for source in others:
        lesson = Lesson(source.stem, pairs.read(source))
        row = f"[{lesson.title}]({source.stem}.ipynb) | {lesson.minutes} |"
        assert row in tables


@every_notebook
def test_it_begins_in_an_empty_folder(source: Path) -> None:
    """A run finds nothing of an earlier one: the stage comes afterwards."""
    text = source.read_text("utf-8")
    begins = re.search(r"\bstart_(afresh|with_broker)\(", text)
    assert begins
    assert not re.search(r"^from stages\b", text[: begins.start()], re.M)


@every_notebook
def test_a_guess_is_the_readers(source: Path) -> None:
    """The list is empty, and its answer is not in the same cell."""
    code = [c.source for c in pairs.read(source).cells if not is_text(c)]
    for text in code:
        if re.search(r"^guess\b", text, re.MULTILINE):
            assert text.endswith("guess = []")
        if "compare(guess" in text:
            assert "guess =" not in text


@every_notebook
def test_its_notes_fit_the_lesson(source: Path) -> None:
    """Each says its minutes, and together they are not more than the lesson's.

    A note that asks a question says which wrong answers to expect.
    """
    cells = pairs.read(source).cells
    notes = [each for each in cells if length.slide_type(each) == "notes"]
    texts = [" ".join(each.source.split()) for each in notes]
    minutes = [int(n) for text in texts for n in IN_CLASS.findall(text)]
    assert len(minutes) == len(texts)
    assert sum(minutes) <= int(MINUTES.findall(cells[0].source)[0])
    for text in texts:
        assert 'Ask: "' not in text or "Expect three wrong" in text


@every_notebook
def test_it_leads_to_an_exercise(source: Path) -> None:
    """Below what can be done now stands what to do next."""
    texts = [each.source for each in pairs.read(source).cells]
    (now,) = (n for n, text in enumerate(texts) if "## Now you can" in text)
    assert "](../exercises/ex" in "\n".join(texts[now:])


@every_notebook
def test_each_picture_can_be_read_aloud(source: Path) -> None:
    """What is drawn is said in words too."""
    for cell in pairs.read_made(source).cells:
        for alt, tag in PICTURE.findall(cell.source):
            assert alt.strip() or re.search(r'\balt="[^"]', tag)
        for output in cell.get("outputs", ()):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    assert output.metadata[kind].alt


@every_notebook
def test_it_copies_no_stage(source: Path) -> None:
    """A stage's code is imported and shown, never repeated."""
    cells = pairs.read(source).cells
    written = [c.source for c in cells if c.cell_type == "code"]
    own = {run for text in written for run in runs(code_lines(text))}
    for stage in sorted((ROOT / "stages").glob("s*.py")):
        copied = own & set(runs(code_lines(stage.read_text("utf-8"))))
        assert not copied, stage.name
