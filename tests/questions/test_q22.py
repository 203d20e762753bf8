"""Question 22: a trace that goes on in a Celery worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from course.questions.running import Way

from .conftest import Happens, Question
from .processes import Process

pytest.importorskip("celery")
pytest.importorskip("opentelemetry")


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the broker be a folder of this test."""
    monkeypatch.setenv("QUEUE_FOLDER", str(tmp_path))


def traced(
    question: Question, start: Callable[..., Process], way: Way
) -> str:
    """Send one request; return what the worker says of its trace."""
    way.send()
    worker = start(
        *("celery", "-A", f"{question.name}:celery", "worker"),
        *("--pool", "solo"),
        PYTHONWARNINGS="default",
    )
    return worker.wait_for("worker: trace")


def test_wrong(
    question: Question, happens: Happens, start: Callable[..., Process]
) -> None:
    """The worker knows nothing of the request's trace."""
    line = traced(question, start, question.wrong)
    assert question.module.TRACE not in line
    happens("wrong: the worker has no trace")


def test_right(
    question: Question, happens: Happens, start: Callable[..., Process]
) -> None:
    """The message carries it, and the worker goes on with it."""
    line = traced(question, start, question.right)
    assert question.module.TRACE in line
    happens("right: the worker goes on with the request's trace")
