"""A request and its task in a worker: one picture, with each engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAB = "tests.fastapi_timeline.across.lab"

pytest.importorskip("celery")  # where only the recorder is installed
pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no broker and no database comes with it"
)


@pytest.mark.parametrize(
    "engine", ["celery", "rq", "taskiq", "procrastinate", "dbos"]
)
def test_the_picture_is_what_both_processes_logged(engine: str) -> None:
    """One case of each kind; the job `truth` runs fifty."""
    done = subprocess.run(
        [sys.executable, "-m", LAB, engine, "9"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["cases"], result["wrong"]) == (9, {}), done.stderr
