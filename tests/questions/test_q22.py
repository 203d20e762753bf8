"""Question 22: a trace that goes on in a Celery worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from course.questions.running import Way

from .conftest import Happens, Question
from .processes import Process

pytest.importorskip("celery")
pytest.importorskip("opentelemetry")
CELERY = "questions.q22_one_trace_to_the_worker:celery"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that is the broker."""
    return tmp_path_factory.mktemp("q22")


@pytest.fixture(scope="module")
def worker(folder: Path) -> Iterator[Process]:
    """Run one worker for all tests."""
    settings = {"QUEUE_FOLDER": str(folder), "PYTHONWARNINGS": "default"}
    command = ("celery", "-A", CELERY, "worker", "--pool", "solo")
    process = Process([*command, "--without-mingle"], settings)
    yield process
    process.kill()


@pytest.fixture(autouse=True)
def queue(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the application send to that folder."""
    monkeypatch.setenv("QUEUE_FOLDER", str(folder))


def traced(worker: Process, way: Way) -> str:
    """Send one request; return what the worker says of its trace."""
    said = "worker: trace"
    before = sum(said in line for line in worker.lines)
    way.send()
    return worker.wait_for(said, times=before + 1)


def test_wrong(question: Question, happens: Happens, worker: Process) -> None:
    """The worker knows nothing of the request's trace."""
    assert question.module.TRACE not in traced(worker, question.wrong)
    happens("wrong: the worker has no trace")


def test_right(question: Question, happens: Happens, worker: Process) -> None:
    """The message carries it, and the worker goes on with it."""
    assert question.module.TRACE in traced(worker, question.right)
    happens("right: the worker goes on with the request's trace")
