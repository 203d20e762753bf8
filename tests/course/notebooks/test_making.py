"""Making notebooks: what runs is written, what does not is told."""

import json
from pathlib import Path

import nbformat
import pytest

from course.notebooks import __main__ as command
from course.notebooks import execute, pairs

GOOD = "# %% [markdown]\n# # A title\n\n# %%\nprint('hello')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of notebooks, all good."""
    monkeypatch.setattr(pairs, "FOLDER", tmp_path)
    for number in ("01_first", "02_second"):
        (tmp_path / f"{number}.py").write_text(GOOD)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command with these words."""
    monkeypatch.setattr("sys.argv", ["notebooks", *words])
    return command.main()


def test_it_is_made_and_then_checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outputs are kept, and a second look finds nothing to say."""
    assert run(monkeypatch) == 0
    made = nbformat.read(folder / "01_first.ipynb", as_version=4)
    assert made.cells[1].outputs[0].text == "hello\n"
    assert made.metadata.kernelspec.name == "python3"
    before = (folder / "01_first.ipynb").read_bytes()
    assert run(monkeypatch, "02", "--check") == 0
    assert (folder / "01_first.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda cells: cells.pop(), "it has 1 cells, the .py 2"),
        (
            lambda cells: cells[1].update(source="1"),
            "cell 2 differs in its source",
        ),
        (
            lambda cells: cells[0].update(cell_type="raw"),
            "cell 1 differs in its cell_type",
        ),
        (
            lambda cells: cells[0].metadata.update(tags=["x"]),
            "cell 1 differs in its metadata",
        ),
    ],
    ids=["a cell less", "code", "kind", "metadata"],
)
def test_what_differs_is_told(
    folder: Path,
    change: object,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody runs a notebook that is not made of its source."""
    for source in pairs.sources([]):
        execute.write(pairs.read(source), source)
    source = folder / "02_second.py"
    notebook = pairs.read(source)
    assert callable(change)
    change(notebook.cells)
    execute.write(notebook, source)
    assert run(monkeypatch, "02", "--check") == 1
    text = capsys.readouterr().out
    assert f"{told}: python3 start.py notebooks" in text


def test_another_kernel_is_told(folder: Path) -> None:
    """An editor that saves the .ipynb with its own kernel is noticed."""
    source = folder / "01_first.py"
    notebook = pairs.read(source)
    notebook.metadata.kernelspec.name = "my-own"
    execute.write(notebook, source)
    assert pairs.outdated(source) == "it names another kernel"


def test_outputs_are_not_compared(folder: Path) -> None:
    """Milliseconds differ from run to run."""
    source = folder / "01_first.py"
    notebook = pairs.read(source)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="x")]
    execute.write(notebook, source)
    assert pairs.outdated(source) == ""


def test_an_error_is_told_with_its_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where in the .py, and what; nothing is written."""
    (folder / "01_first.py").write_text(GOOD + "\n# %%\n1 / 0\n")
    assert run(monkeypatch, "01") == 1
    text = capsys.readouterr().out
    assert f"cell 3, {folder.name}/01_first.py:8" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "\x1b" not in text
    assert not (folder / "01_first.ipynb").exists()


def test_a_warning_is_an_error(folder: Path) -> None:
    """A lesson shows none, of whatever kind and from whatever thread."""
    source = folder / "01_first.py"
    source.write_text(
        "# %%\nimport threading, warnings\n"
        "def warn():\n    warnings.warn('old', DeprecationWarning)\n"
        "thread = threading.Thread(target=warn)\n"
        "thread.start()\nthread.join()\n"
    )
    with pytest.raises(execute.Failed, match="DeprecationWarning: old"):
        execute.executed(source)


def test_a_kernel_that_dies_is_told(folder: Path) -> None:
    """It is said in which cell, and there is no traceback of ours."""
    source = folder / "01_first.py"
    source.write_text("# %%\nimport os\nos._exit(3)\n")
    with pytest.raises(execute.Failed, match=r"cell 1, .*\n*the kernel died"):
        execute.executed(source)


def test_each_has_a_data_folder_of_its_own(folder: Path) -> None:
    """What a lesson writes is gone, and its place is not in the output."""
    source = folder / "01_first.py"
    source.write_text(
        "# %%\nimport os\nprint(os.path.abspath('data'))\n"
        "print(os.listdir('data'))\nobject()\n"
    )
    (cell,) = execute.executed(source).cells
    text = json.dumps(cell.outputs)
    assert "./data\\n[]\\n" in text
    assert "0x…" in json.loads(text)[1]["data"]["text/plain"]


def test_a_wrong_number_names_those_there_are(folder: Path) -> None:
    """The sentence says what could have been asked for."""
    assert folder.is_dir()
    with pytest.raises(SystemExit, match="begins with 77: 01_first, 02_seco"):
        pairs.sources(["77"])
