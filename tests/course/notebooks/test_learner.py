"""The learner's edition: no answers, no notes, and nothing overwritten."""

from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from course.notebooks import execute, learner, pairs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with one notebook that was run."""
    code = v4.new_code_cell("1 + 1")
    code.outputs = [v4.new_output("stream", text="2")]
    note = v4.new_markdown_cell("**In class.** Ask why.")
    note.metadata["slideshow"] = {"slide_type": "notes"}
    made = v4.new_notebook(cells=[v4.new_markdown_cell("# It"), note, code])
    nbformat.write(made, tmp_path / "01_it.ipynb")
    return tmp_path


def test_it_has_no_answers_and_no_notes(folder: Path) -> None:
    """A learner runs each cell, and guesses before that."""
    to = folder / "mine"
    assert learner.make(folder, to) == []
    text, code = nbformat.read(to / "01_it.ipynb", as_version=4).cells
    assert text.source == "# It"
    assert (code.source, code.outputs) == ("1 + 1", [])


def test_what_a_learner_changed_stays(folder: Path) -> None:
    """Whatever the course writes later."""
    to = folder / "mine"
    learner.make(folder, to)
    path = to / "01_it.ipynb"
    mine = nbformat.read(path, as_version=4)
    mine.cells.append(v4.new_markdown_cell("MY NOTES"))
    nbformat.write(mine, path)
    before = path.read_bytes()
    assert learner.make(folder, to) == [path]
    assert path.read_bytes() == before


def test_a_newer_edition_replaces_one_that_was_only_run(folder: Path) -> None:
    """What a cell printed is no loss: it can be run again."""
    to = folder / "mine"
    learner.make(folder, to)
    path = to / "01_it.ipynb"
    mine = nbformat.read(path, as_version=4)
    mine.cells[1].outputs = [v4.new_output("stream", text="2")]
    nbformat.write(mine, path)
    newer = nbformat.read(folder / "01_it.ipynb", as_version=4)
    newer.cells[0].source = "# It, anew"
    nbformat.write(newer, folder / "01_it.ipynb")
    assert learner.make(folder, to) == []
    assert nbformat.read(path, as_version=4).cells[0].source == "# It, anew"


def test_a_changed_notebook_is_kept_when_it_is_made_anew(
    tmp_path: Path,
) -> None:
    """As an answer to an exercise is: under a dated name in kept/."""
    source = tmp_path / "notebooks" / "02_it.py"
    source.parent.mkdir()
    source.write_text("# %%\n1 + 1\n")
    notebook = pairs.read(source)
    assert execute.write(notebook, source) is None
    assert execute.write(notebook, source) is None
    mine = pairs.read_made(source)
    mine.cells.append(v4.new_markdown_cell("MY NOTES"))
    nbformat.write(mine, source.with_suffix(".ipynb"))
    copy = execute.write(notebook, source)
    assert copy
    assert copy.parent == tmp_path / "kept"
    assert "MY NOTES" in copy.read_text("utf-8")
