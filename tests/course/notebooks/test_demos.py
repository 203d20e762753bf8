"""A demo in a teacher's note prints what the note says."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from course.folders import environment
from course.notebooks.length import is_text, slide_type
from course.notebooks.pairs import read, sources

DEMO = re.compile(r"^```console\n\$ (.+)\n((?:.+\n)+?)```$", re.MULTILINE)
TIMELINE = "python3 start.py timeline "
LIVE = re.compile(r"^```python\n(.+?)^```$.+?^```text\n(.+?)^```$", re.M | re.S)
DEMOS = [
    pytest.param(command, printed.splitlines(), id=f"{source.stem}: {command}")
    for source in sources([])
    for cell in read(source).cells
    if slide_type(cell) == "notes"
    for command, printed in DEMO.findall(cell.source)
]


def typed_live() -> Iterator[tuple[str, str, str]]:
    """Return code of a note, the cells it needs, and what it prints.

    A teacher types it below the cell that follows the note.
    """
    for source in sources([]):
        cells = read(source).cells
        for number, cell in enumerate(cells):
            for typed, printed in LIVE.findall(cell.source):
                assert slide_type(cell) == "notes"
                code = [n for n, c in enumerate(cells) if not is_text(c)]
                last = min(n for n in code if n > number)
                above = [cells[n].source for n in code if n <= last]
                yield "\n".join(above), typed, printed


TYPED = list(typed_live())


def test_there_are_demos() -> None:
    """Each note that has one is read."""
    texts = "".join(source.read_text("utf-8") for source in sources([]))
    assert len(DEMOS) == texts.count("```console") >= 4
    assert len(TYPED) == texts.count("# ```python") >= 1


@pytest.mark.parametrize(("above", "typed", "printed"), TYPED)
@pytest.mark.usefixtures("certificate")
def test_what_is_typed_live_prints_what_its_note_says(
    above: str, typed: str, printed: str
) -> None:
    """It runs after the cells above it, in a new Python."""
    mark = "typed live:"
    done = subprocess.run(
        [sys.executable, "-c", f"{above}\nprint({mark!r})\n{typed}"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.rpartition(f"{mark}\n")[2].splitlines()
    assert [line.strip() for line in lines] == [
        line.strip() for line in printed.splitlines()
    ]


@pytest.mark.parametrize(("command", "printed"), DEMOS)
@pytest.mark.usefixtures("certificate")
def test_a_demo_prints_what_its_note_says(
    command: str, printed: list[str]
) -> None:
    """The names stand in its output, in this order."""
    assert command.startswith(TIMELINE)
    done = subprocess.run(
        [sys.executable, "-m", "fastapi_timeline"]
        + command.removeprefix(TIMELINE).split(),
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed
    lines = iter(done.stdout.splitlines())
    for name in printed:
        assert any(name in line for line in lines), done.stdout
