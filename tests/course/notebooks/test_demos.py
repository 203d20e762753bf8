"""A demo in a teacher's note prints what the note says."""

import re
import subprocess
import sys

import pytest

from course.folders import environment
from course.notebooks.length import slide_type
from course.notebooks.pairs import read, sources

DEMO = re.compile(r"^```console\n\$ (.+)\n((?:.+\n)+?)```$", re.MULTILINE)
TIMELINE = "python3 start.py timeline "
DEMOS = [
    pytest.param(command, printed.splitlines(), id=f"{source.stem}: {command}")
    for source in sources([])
    for cell in read(source).cells
    if slide_type(cell) == "notes"
    for command, printed in DEMO.findall(cell.source)
]


def test_there_are_demos() -> None:
    """Each note that has one is read."""
    texts = "".join(source.read_text("utf-8") for source in sources([]))
    assert len(DEMOS) == texts.count("```console") >= 4


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
