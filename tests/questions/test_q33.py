"""Question 33: one list of tasks for all requests."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The third request runs the tasks of the first two again."""
    with question.running() as server:
        for _ in range(3):
            server.send(question.wrong)
    assert question.module.sent == [1, 1, 2, 1, 2, 3]
    happens("wrong: old tasks run again")


def test_right(question: Question, happens: Happens) -> None:
    """Each request runs its own task, once."""
    with question.running() as server:
        for _ in range(3):
            server.send(question.right)
    assert question.module.sent == [1, 2, 3]
    happens("right: each task runs once")
