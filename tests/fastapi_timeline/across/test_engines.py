"""A request and its task in a worker: one picture, with each engine."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAB = "tests.fastapi_timeline.across.lab"

pytest.importorskip("celery")  # where only the recorder is installed
pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no broker and no database comes with it"
)


ENGINES = ["celery", "rq", "taskiq", "procrastinate", "dbos"]
Labs = dict[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def labs() -> Iterator[Labs]:
    """Start all engines at once: each waits more than it works."""
    labs = {
        engine: subprocess.Popen(
            [sys.executable, "-m", LAB, engine, "9"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for engine in ENGINES
    }
    yield labs
    for lab in labs.values():
        lab.kill()
        lab.communicate()


@pytest.mark.timeout(600)  # a busy machine is no fault
@pytest.mark.parametrize("engine", ENGINES)
def test_the_picture_is_what_both_processes_logged(
    labs: Labs, engine: str
) -> None:
    """One case of each kind; the job `across` runs fifty."""
    output, errors = labs[engine].communicate()
    assert labs[engine].returncode == 0, errors
    result = json.loads(output.splitlines()[-1])
    assert (result["cases"], result["wrong"]) == (9, {}), errors
