"""Question 17: a SIGTERM while a task runs."""

import signal
from collections.abc import Callable

import httpx2

from course.questions.running import Way

from .conftest import Happens, Question
from .processes import Process


def stopped(
    question: Question, start: Callable[..., Process], way: Way
) -> str:
    """Stop uvicorn in the middle of a task; return all that it said."""
    server = start(
        *("uvicorn", f"{question.name}:app", "--port", "0"),
        *("--timeout-graceful-shutdown", "1"),
    )
    httpx2.post(server.address() + way.path)
    server.wait_for("work began")
    server.signal(signal.SIGTERM)
    return server.end()


def test_wrong(
    question: Question, happens: Happens, start: Callable[..., Process]
) -> None:
    """The task is cancelled after the time-out, and leaves no trace."""
    said = stopped(question, start, question.wrong)
    assert "Waiting for background tasks to complete" in said
    assert "timeout graceful shutdown exceeded" in said
    assert "work ended" not in said
    assert "left undone" not in said
    happens("wrong: the task is cancelled, nothing says so")


def test_right(
    question: Question, happens: Happens, start: Callable[..., Process]
) -> None:
    """The task notes what it leaves undone."""
    said = stopped(question, start, question.right)
    assert "left undone: work" in said
    assert "work ended" not in said
    happens("right: the task is cancelled and notes it")
