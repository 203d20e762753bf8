"""Make the learner's edition of the notebooks, in my_notebooks/.

python -m course.notebooks.learner

It has no answers and no notes for a teacher: a learner runs each cell. A
notebook that the learner has changed is never overwritten.
"""

import hashlib
import sys
from pathlib import Path

import nbformat
from course.folders import ROOT
from nbformat import NotebookNode

FROM, TO = ROOT / "notebooks", ROOT / "my_notebooks"
EDITION = "edition"  # in a notebook's metadata: what was written there


def edition(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook as a learner gets it."""
    cells = [nbformat.from_dict(cell) for cell in notebook.cells]
    cells = [cell for cell in cells if not is_for_teachers(cell)]
    for cell in cells:
        cell.metadata.pop("jupyter", None)  # no output, so nothing to hide
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    made: NotebookNode = nbformat.v4.new_notebook(
        cells=cells, metadata=notebook.metadata
    )
    made.metadata[EDITION] = sources(made)
    return made


def is_for_teachers(cell: NotebookNode) -> bool:
    """Say whether a cell is a note for the speaker."""
    shown = cell.metadata.get("slideshow", {})
    return bool(shown.get("slide_type") == "notes")


def sources(notebook: NotebookNode) -> str:
    """Return a short sign of everything that was written in the cells."""
    text = "\0".join(cell.source for cell in notebook.cells)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_changed(path: Path) -> bool:
    """Say whether a learner has written into a notebook since it was made."""
    try:
        found = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return True  # it cannot be read, so keep it
    return bool(found.metadata.get(EDITION) != sources(found))


def make(folder: Path = FROM, to: Path = TO) -> list[Path]:
    """Write each notebook that is missing or older; return those kept."""
    to.mkdir(exist_ok=True)
    changed = []
    for source in sorted(folder.glob("*.ipynb")):
        path = to / source.name
        new = edition(nbformat.read(source, as_version=4))
        if not path.exists():
            nbformat.write(new, path)
        elif is_changed(path):
            changed.append(path)
        elif nbformat.read(path, 4).metadata[EDITION] != new.metadata[EDITION]:
            nbformat.write(new, path)
    return changed


def main() -> int:
    """Make them, and say which are a learner's own."""
    changed = make()
    for path in changed:
        print(f"{path.relative_to(ROOT)} is not replaced: you changed it.")
    if changed:
        print("To get a new one, rename yours, and run this command again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
