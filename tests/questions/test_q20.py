"""Question 20: `async def` in a Celery worker, a process of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from course.questions.running import Way

from .conftest import Happens, Question
from .processes import Process

pytest.importorskip("celery")


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the broker be a folder of this test."""
    monkeypatch.setenv("QUEUE_FOLDER", str(tmp_path))


def work(
    question: Question, start: Callable[..., Process], way: Way
) -> list[str]:
    """Send two requests; return what the worker said of the two jobs."""
    with question.running() as server:
        for _ in range(2):
            server.send(way)
        worker = start(
            *("celery", "-A", f"{question.name}:celery", "worker"),
            *("--pool", "solo", "--loglevel", "info", "--without-mingle"),
            SHOP_URL=server.address,
            PYTHONWARNINGS="default",
        )
        ended = "succeeded in", "raised unexpected"
        return [worker.wait_for(*ended, times=n) for n in (1, 2)]


def test_wrong(
    question: Question, happens: Happens, start: Callable[..., Process]
) -> None:
    """The first job works; the second meets a connection of a closed loop."""
    first, second = work(question, start, question.wrong)
    assert "succeeded in" in first
    assert "RuntimeError('Event loop is closed')" in second
    happens("wrong: the second job fails, the event loop is closed")


def test_right(
    question: Question, happens: Happens, start: Callable[..., Process]
) -> None:
    """In one loop both jobs work."""
    for job in work(question, start, question.right):
        assert "succeeded in" in job
    happens("right: both jobs succeed")
