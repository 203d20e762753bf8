"""Question 29: a mock as an override."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """FastAPI asks the client for the mock's parameters."""
    status, answer = question.wrong.function()
    assert status == 422
    missing = [error["loc"] for error in answer["detail"]]
    assert missing == [["query", "args"], ["query", "kwargs"]]
    happens("wrong: 422, query parameters args and kwargs")


def test_right(question: Question, happens: Happens) -> None:
    """The mock's method was awaited as a task."""
    assert question.right.function() == (200, "invited")
    question.module.mailer.send.assert_awaited_once_with("ada@example.com")
    happens("right: the mock is called as the task")
