"""A request and its task in a worker: one picture, with each engine."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAB = "tests.fastapi_timeline.across.lab"

pytest.importorskip("celery")  # where only the recorder is installed
pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no broker and no database comes with it"
)


ENGINES = ["celery", "rq", "taskiq", "procrastinate", "dbos"]
Done = subprocess.CompletedProcess[str]


def cases(engine: str) -> Done:
    """Run one case of each kind; the job `across` runs fifty."""
    return subprocess.run(
        [sys.executable, "-m", LAB, engine, "9"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def labs() -> Iterator[dict[str, Future[Done]]]:
    """Run two engines at a time: each waits more than it works."""
    with ThreadPoolExecutor(2) as pool:
        yield {engine: pool.submit(cases, engine) for engine in ENGINES}
        pool.shutdown(cancel_futures=True)


@pytest.mark.timeout(900)  # a busy machine is no fault
@pytest.mark.parametrize("engine", ENGINES)
def test_the_picture_is_what_both_processes_logged(
    labs: dict[str, Future[Done]], engine: str
) -> None:
    """Each step is there, at its moment and in its order."""
    lab = labs[engine].result()
    assert lab.returncode == 0, lab.stderr
    result = json.loads(lab.stdout.splitlines()[-1])
    assert (result["cases"], result["wrong"]) == (9, {}), lab.stderr
