"""Make the notebooks: each notebooks/NN_….py becomes an executed .ipynb.

python -m course.notebooks            all of them
python -m course.notebooks 01 10      some
python -m course.notebooks --check    say which are not made of their .py

The .py (jupytext's py:percent) is what is edited and reviewed. It goes one
way. Outputs are made anew each time, and never compared: times differ.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
SECONDS = 120  # for one cell
KERNEL = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
# what may differ from one run to the next, and says nothing
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def sources(words: list[str]) -> list[Path]:
    """Find the notebooks that the words begin; all, without any."""
    files = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
    if not words:
        return files
    chosen = [each for each in files if each.stem.startswith(tuple(words))]
    if not chosen:
        names = ", ".join(each.stem for each in files)
        sys.exit(f"No notebook begins with {' or '.join(words)}: {names}.")
    return chosen


def read(source: Path) -> nbformat.NotebookNode:
    """Read a .py as a notebook without outputs, the same one each time."""
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(KERNEL)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem[:2]}-{number:02}"
    return notebook


def execute(notebook: nbformat.NotebookNode) -> None:
    """Run it from a clean kernel, in a folder and with data of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",  # and `noise` finds them
            "NO_COLOR": "1",
        }
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(FOLDER)}},
        )
        client.execute(env=environment)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day
        for output in cell.get("outputs", ()):
            _steady(output, folder)


def _steady(output: nbformat.NotebookNode, folder: str) -> None:
    """Take this machine out of an output: folders and addresses."""
    texts = [output, output.get("data", {})]
    for place in texts:
        for key, value in place.items():
            if isinstance(value, str):
                told = value.replace(folder, "data").replace(str(ROOT), ".")
                place[key] = ADDRESS.sub("0x…", told)


def noise(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Find what no lesson should show: warnings, and errors unplanned."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = str(output.get("text", ""))
            if "Warning:" in text:
                yield text.strip().splitlines()[0]


def outdated(source: Path) -> str:
    """Say in what the .ipynb beside a source is not made of it, if so."""
    made = source.with_suffix(".ipynb")
    if not made.is_file():
        return "it was never made"
    old = nbformat.read(made, as_version=4).cells
    new = read(source).cells
    if len(old) != len(new):
        return f"it has {len(old)} cells, and the source {len(new)}"
    for number, (was, now) in enumerate(zip(old, new, strict=True), 1):
        if (was.cell_type, was.source) != (now.cell_type, now.source):
            return f"cell {number} differs"
    return ""


def make(source: Path) -> str:
    """Make one notebook; return why that was not possible, or nothing."""
    notebook = read(source)
    try:
        execute(notebook)
    except CellExecutionError as error:
        return str(error)
    problems = list(noise(notebook))
    if not problems:
        nbformat.write(notebook, source.with_suffix(".ipynb"))
    return "\n".join(problems)


def main() -> int:
    """Make or check them; the exit code says whether all went well."""
    parser = argparse.ArgumentParser(
        "python -m course.notebooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebooks", nargs="*", metavar="NN")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    console, bad = Console(highlight=False), 0
    for source in sources(given.notebooks):
        wrong = outdated(source) if given.check else make(source)
        sign = f"✗ {source.stem}: {wrong}" if wrong else f"✓ {source.stem}"
        console.print(sign, markup=False)
        bad += bool(wrong)
    if bad and given.check:
        print("Make them anew: python3 start.py -s notebooks")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
