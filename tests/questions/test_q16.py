"""Question 16: a task that only the event loop knows."""

import logging

import pytest

from course.questions.running import Way

from .conftest import Happens, Question


def answered(question: Question, way: Way) -> list[str]:
    """Start the work, and answer it after the garbage was collected."""
    with question.running() as server:
        server.send(way)
        server.client.post("/answer")
        server.client.post("/answer")  # by now the work has gone on
    done: list[str] = question.module.done
    return done


def test_wrong(
    question: Question, happens: Happens, caplog: pytest.LogCaptureFixture
) -> None:
    """The garbage collector takes it in the middle of its work."""
    with caplog.at_level(logging.ERROR):
        assert answered(question, question.wrong) == []
    assert "Task was destroyed but it is pending!" in caplog.text
    happens("wrong: the task is collected")


def test_right(
    question: Question, happens: Happens, caplog: pytest.LogCaptureFixture
) -> None:
    """Kept in a set it goes on, and its exception is logged."""
    with caplog.at_level(logging.ERROR):
        assert answered(question, question.right) == ["work"]
    assert "a task failed" in caplog.text
    assert not question.module.tasks
    happens("right: the task goes on, its exception is logged")
