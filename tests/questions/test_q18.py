"""Question 18: a periodic job with two workers."""

import sys
from collections.abc import Iterator

import pytest

from .conftest import Happens, Question
from .processes import Process

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="not available on Windows: fcntl"
)
APP = "questions.q18_periodic_job_in_each_worker:app"


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give what two workers print when both have started their jobs."""
    folder = tmp_path_factory.mktemp("q18")
    command = ("uvicorn", APP, "--port", "0", "--workers", "2")
    server = Process(command, {}, folder)
    try:
        server.wait_for("wrong by", times=2)
        server.wait_for("leaves it to another worker")
        server.wait_for("right by")
        yield "\n".join(server.lines)
    finally:
        server.kill()


def test_wrong(question: Question, happens: Happens, jobs: str) -> None:
    """Each worker runs the job."""
    assert jobs.count(f"{question.wrong.name} by") == 2
    happens("wrong: each worker runs the job")


def test_right(question: Question, happens: Happens, jobs: str) -> None:
    """Only the worker that holds the lock runs it."""
    assert jobs.count(f"{question.right.name} by") == 1
    happens("right: one worker runs the job")
