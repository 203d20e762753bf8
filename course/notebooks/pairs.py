"""A notebook is a pair: the .py that people edit, and the .ipynb made from it.

The .py has jupytext's format py:percent. Nothing goes from .ipynb to .py.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from course.folders import ROOT
from nbformat import NotebookNode

FOLDER = ROOT / "notebooks"
AFTER_THE_STAGES = ("testing", "projects", "which_engine")
# This is ipykernel's own name: VS Code and JupyterLab find it.
KERNEL = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # a terminal's
WARNING = re.compile(r"^.*\b\w*Warning: .*$", re.MULTILINE)


def sources(words: Sequence[str]) -> list[Path]:
    """Find the notebooks whose names begin with a word; all, without words.

    Those of the stages stand between the one to start with and the others.
    """
    stages = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
    others = [FOLDER / f"{name}.py" for name in AFTER_THE_STAGES]
    files = [FOLDER / "start_here.py", *stages, *others]
    files = [path for path in files if path.exists()]
    if not words:
        return files
    chosen = [each for each in files if each.stem.startswith(tuple(words))]
    if not chosen:
        names = ", ".join(each.stem for each in files)
        sys.exit(f"No notebook begins with {' or '.join(words)}: {names}.")
    return chosen


def read(source: Path) -> NotebookNode:
    """Read a .py as a notebook without outputs, the same one each time."""
    notebook: NotebookNode = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(KERNEL)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem[:5]}-{number:02}"
    return notebook


def read_made(source: Path) -> NotebookNode:
    """Read the .ipynb beside a .py."""
    made = source.with_suffix(".ipynb")
    notebook: NotebookNode = nbformat.read(made, as_version=4)
    return notebook


def line(source: Path, cell: NotebookNode) -> int:
    """Say on which line of the .py a cell of code begins."""
    text = source.read_text("utf-8")
    return text[: max(text.find(cell.source), 0)].count("\n") + 1


def outdated(source: Path) -> str:
    """Say how the .ipynb differs from its .py; empty, if it does not."""
    if not source.with_suffix(".ipynb").is_file():
        return "it was never made"
    try:
        old, new = read_made(source), read(source)
    except (ValueError, nbformat.reader.NotJSONError):
        return "it cannot be read"
    if old.metadata.get("kernelspec") != new.metadata.kernelspec:
        return "it names another kernel"
    if len(old.cells) != len(new.cells):
        return f"it has {len(old.cells)} cells, the .py {len(new.cells)}"
    for number, (was, now) in enumerate(
        zip(old.cells, new.cells, strict=True), 1
    ):
        for part in ("id", "cell_type", "source", "metadata"):
            if was[part] != now[part]:
                return f"cell {number} differs in its {part}"
    return ""


def warnings(notebook: NotebookNode) -> list[str]:
    """Find in the outputs what no lesson should show."""
    texts = [
        str(output.get("text", ""))
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    ]
    return [each for text in texts for each in WARNING.findall(text)]
