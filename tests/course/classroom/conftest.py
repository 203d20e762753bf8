"""The made-up course, and the command that grades a class of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.course.classroom.made import make_checks
from tests.servers import ROOT

needs_bwrap = pytest.mark.skipif(
    not shutil.which("bwrap"), reason="bubblewrap is not installed"
)


@dataclass
class Classroom:
    """A folder with the made-up course, and the command."""

    folder: Path
    checks: Path
    after: ExitStack  # ends what runs when the test is over

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Start the command in the folder."""
        checks = f"--checks={self.checks}"
        process = subprocess.Popen(
            [sys.executable, "-m", "course.classroom", checks, *words],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TMPDIR": str(self.folder),
                **settings,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.after.enter_context(process)  # closes its pipes
        self.after.callback(process.kill)
        return process

    def type(self, *words: str, **settings: str) -> tuple[int, str]:
        """Run it to its end; return its code and what it said."""
        process = self.start(*words, **settings)
        out, errors = process.communicate(timeout=800)
        return process.returncode, out + errors

    def left_running(self, mark: str = "") -> list[str]:
        """Name the processes of this folder, or of a mark, that still run."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                said = (process / "cmdline").read_bytes().decode()
            except OSError:
                continue
            if (mark or str(self.folder)) in said:
                found.append(said.replace("\0", " ")[:200])
        return found


@pytest.fixture
def classroom(tmp_path: Path) -> Iterator[Classroom]:
    """Make a course with three exercises."""
    with ExitStack() as after:
        yield Classroom(tmp_path, make_checks(tmp_path), after)
