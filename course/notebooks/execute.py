"""Run a notebook from a clean kernel, and take the machine out of it."""

import asyncio
import os
import re
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from course.folders import ROOT
from course.grader.files import keep
from nbformat import NotebookNode
from traitlets.config import Config

from .pairs import COLOUR, KERNEL, line, outdated, read, warnings

SECONDS = 120  # for one cell
# a kernel warns on the terminal when nobody encrypts what it says
QUIET = Config({"KernelManager": {"transport_encryption": "auto"}})
# what may differ from one run to the next, and says nothing
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
LESSON = re.compile(r"[^\s\"'(]*/lesson-\w{8}\b")  # start_afresh's folder
# where Python and its packages lie, before the part that says something
LIBRARY = re.compile(r"[^\s\"'(]*/lib/python3\.\d+/")


class Failed(Exception):
    """A notebook could not be made; the text says where and why."""


def executed(source: Path) -> NotebookNode:
    """Run a .py's cells; Failed, if one raises or if a warning is shown."""
    notebook = read(source)
    try:
        execute(notebook)
    except CellExecutionError as error:
        raise Failed(_where(source, notebook) + _tail(error)) from None
    except CellTimeoutError:
        told = f"it ran for more than {SECONDS} s"
        raise Failed(_where(source, notebook) + told) from None
    except DeadKernelError:
        told = "the kernel died"
        raise Failed(_where(source, notebook) + told) from None
    if found := warnings(notebook):
        raise Failed("\n".join(["it shows warnings:", *found]))
    return notebook


def execute(notebook: NotebookNode) -> None:
    """Run it in a kernel and in a folder of its own, which has a `data`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        data = Path(folder, "data")
        data.mkdir()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",  # and `warnings` finds them
            "NO_COLOR": "1",
        }
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            config=QUIET,
        )
        asyncio.run(client.async_execute(env=environment))
    notebook.metadata = nbformat.from_dict(KERNEL)  # without a version
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day
        for output in cell.get("outputs", ()):
            for part in (output, output.get("data", {})):
                _steady(part, folder)


def write(notebook: NotebookNode, source: Path) -> Path | None:
    """Put it beside its .py; keep a notebook there that says something else.

    It may be a learner's. Return where the copy is.
    """
    path = source.with_suffix(".ipynb")
    copy = None
    if path.exists() and outdated(source):
        copy = keep(path, source.parents[1] / "kept")
    nbformat.write(notebook, path)
    return copy


def _steady(part: NotebookNode, folder: str) -> None:
    """Take this machine out of an output: folders and addresses."""
    for key, value in part.items():
        if isinstance(value, str):
            told = value.replace(folder, ".").replace(str(ROOT), ".")
            told = LESSON.sub(".", told)
            part[key] = LIBRARY.sub("…/", ADDRESS.sub("0x…", told))


def _where(source: Path, notebook: NotebookNode) -> str:
    """Name the cell that was the last to begin, and its line in the .py."""
    began = [
        (number, cell)
        for number, cell in enumerate(notebook.cells, 1)
        if "execution" in cell.metadata
    ]
    if not began:
        return "before its first cell: "
    number, cell = began[-1]
    place = f"{source.parent.name}/{source.name}:{line(source, cell)}"
    return f"cell {number}, {place}\n"


def _tail(error: CellExecutionError) -> str:
    """Return the traceback's end, as plain text."""
    text = COLOUR.sub("", error.traceback)
    lines = text.split("-" * 75)[-1].strip().splitlines()
    return "\n".join(lines[-12:])
