"""Test the stages on each Python with the oldest and the newest FastAPI.

From stage 6 on they need a newer one than before: its oldest is tried too.

What ran, and how it went, is written to docs/compat.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console

import start
from course.folders import ROOT
from course.labs.pythons import ask, find_python
from course.labs.results import Counts, Run, document, table, verdict

DOCUMENT = ROOT / "docs" / "compat.md"
PYTHONS = ["3.11", "3.12", "3.13"]
REQUIRED = PYTHONS[0]
FOLDER = "tests/stages"
FIRST = sorted(
    f"{FOLDER}/{path.name}"
    for path in (ROOT / FOLDER).glob("test_s0[1-5]*.py")
)
# What is killed or frozen waits for minutes, and shows nothing of FastAPI.
ALL = [FOLDER, f"--ignore={FOLDER}/engines", "-m", "not recovery"]
# The TestClient of that time meets an anyio of today.
OLD = "ignore:The anyio.abc.BlockingPortal alias:DeprecationWarning"


@dataclass(frozen=True)
class Combination:
    """A lock, and what is tested with it."""

    lock: str
    stages: str
    tests: Sequence[str]
    options: Sequence[str] = ()


COMBINATIONS = {
    "oldest": Combination("compat-oldest", "1–5", FIRST, ("-W", OLD)),
    "oldest of stage 6": Combination("compat-stage6", "1–11", ALL),
    "newest": Combination("compat", "1–11", ALL),
}
PACKAGES = ["fastapi", "starlette", "pydantic", "sqlalchemy"]
ASK = f"""
import json, platform
from importlib.metadata import version
found = {{name: version(name) for name in {PACKAGES}}}
print(json.dumps({{"python": platform.python_version(), **found}}))
"""


class NotRunError(Exception):
    """A combination could not be tried at all; the text says why."""


def run_quietly(*command: str | Path) -> tuple[int, str]:
    """Return a command's exit code and all that it said."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={
            "UV_SYSTEM_CERTS": "1",
            **os.environ,
            "UV_PYTHON_DOWNLOADS": "never",
            "PYTHONWARNINGS": "error",
            # Else each of some hundred processes compiles its imports anew.
            "PYTHONDONTWRITEBYTECODE": "",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said, _ = process.communicate()
        except KeyboardInterrupt:
            try:  # it was told as well, and has servers to stop
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    return process.returncode, said


def prepare(python: Path, folder: Path, lock: str) -> Path:
    """Make an environment hold exactly what a lock says; return its Python."""
    inside = folder / start.PYTHON.relative_to(start.VENV)
    uv: list[str | Path] = [start.PYTHON, "-m", "uv"]
    make = [*uv, "venv", "-q", "--clear", "--python", python, folder]
    fill = [*uv, "pip", "sync", "-q", "--require-hashes", "--python", inside]
    fill.append(ROOT / "locks" / f"{lock}.txt")
    for step in [fill] if ask(inside, "-c", "print(1)") else [make, fill]:
        code, said = run_quietly(*step)
        if code:
            last = said.strip().splitlines() or ["it said nothing"]
            raise NotRunError(f"uv could not prepare it: {last[-1]}")
    return inside


def read_junit(report: Path) -> Counts:
    """Return what a JUnit report of pytest counts, and what failed."""
    passed, skipped, failed = 0, 0, []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 (our own)
        if case.find("failure") is not None or case.find("error") is not None:
            module = (case.get("classname") or "").split(".")[-1]
            failed.append(f"{module}::{case.get('name')}")
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return Counts(passed, tuple(failed), skipped)


def test(inside: Path, options: Sequence[str]) -> Counts:
    """Run the tests in an environment, warnings as errors; return counts."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "junit.xml")
        junit = f"--junitxml={report}"
        code, said = run_quietly(inside, "-m", "pytest", junit, *options)
        if not report.exists():
            last = said.strip().splitlines() or [f"exit code {code}"]
            raise NotRunError(f"pytest ended early: {last[-1]}")
        counts = read_junit(report)
    if counts.failed:
        print(said)
    elif code or not counts.passed:
        raise NotRunError(f"pytest ended with {code}, no test failed")
    return counts


def try_one(version: str, which: str, tests: Sequence[str]) -> Run:
    """Test one Python with one lock, whatever comes of it."""
    python = find_python(version)
    chosen = COMBINATIONS[which]
    run = partial(Run, version, which, chosen.stages)
    if python is None:
        return run(note="no such Python on this machine")
    versions: dict[str, str] = {}
    try:
        folder = ROOT / ".nox" / f"{chosen.lock}-{version}"
        inside = prepare(python, folder, chosen.lock)
        versions = json.loads(ask(inside, "-c", ASK) or "{}")
        counts = test(inside, [*chosen.options, *(tests or chosen.tests)])
        return run(versions, counts)
    except NotRunError as error:
        return run(versions, note=str(error), wrong=True)


def main() -> None:
    """Try every combination, show the table, write it down."""
    parser = argparse.ArgumentParser(prog="compat", description=__doc__)
    parser.add_argument(
        "tests",
        nargs="*",
        help="only these, and nothing is written; by default the stages'",
    )
    tests = parser.parse_args().tests
    console = Console()
    runs = []
    try:
        for version in PYTHONS:
            for which in COMBINATIONS:
                name = f"Python {version}, FastAPI {which}"
                with console.status(f"{name} …"):
                    runs.append(try_one(version, which, tests))
                console.print(f"{name}: {runs[-1].outcome}")
    except KeyboardInterrupt:
        sys.exit("Stopped; nothing was written.")
    console.print(table(runs))
    if not tests:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document(runs), "utf-8")
        console.print(f"Written to {DOCUMENT.relative_to(ROOT)}.")
    if wrong := verdict(runs, REQUIRED):
        sys.exit(wrong)


if __name__ == "__main__":
    main()
