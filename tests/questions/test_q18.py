"""Question 18: a periodic job with two workers."""

import sys
from collections.abc import Callable, Iterator

import pytest

from .conftest import Happens, Question
from .processes import Process

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="not available on Windows: fcntl"
)


@pytest.fixture
def jobs(question: Question, start: Callable[..., Process]) -> Iterator[str]:
    """Give what two workers print until both have started their jobs."""
    server = start(
        *("uvicorn", f"{question.name}:app", "--port", "0"),
        *("--workers", "2"),
    )
    server.wait_for("Application startup complete", times=2)
    server.wait_for("wrong by", times=2)
    server.wait_for("leaves it to another worker")
    yield "\n".join(server.lines)


def test_wrong(question: Question, happens: Happens, jobs: str) -> None:
    """Each worker runs the job."""
    assert jobs.count(f"{question.wrong.name} by") == 2
    happens("wrong: each worker runs the job")


def test_right(question: Question, happens: Happens, jobs: str) -> None:
    """Only the worker that holds the lock runs it."""
    assert jobs.count(f"{question.right.name} by") == 1
    happens("right: one worker runs the job")
