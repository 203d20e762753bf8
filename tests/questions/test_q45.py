"""Question 45: the status of a task, asked from another process."""

from collections.abc import Callable

from course.questions.running import Way

from .conftest import Happens, Question
from .processes import Process

Start = Callable[..., Process]


def asked_elsewhere(question: Question, way: Way, start: Start) -> list[int]:
    """Give one process a task; ask it, and another, for the status."""
    other = start("uvicorn", f"{question.name}:app", "--port", "0")
    with question.running() as server:
        job = server.send(way).json
        asked = [
            f"{address}{way.path}/{job}"
            for address in (server.address, other.address())
        ]
        return [server.client.get(address).status_code for address in asked]


def test_wrong(question: Question, happens: Happens, start: Start) -> None:
    """The worker that has the task knows it; the other does not."""
    assert asked_elsewhere(question, question.wrong, start) == [200, 404]
    happens("wrong: another worker answers 404")


def test_right(question: Question, happens: Happens, start: Start) -> None:
    """Each worker knows the task."""
    assert asked_elsewhere(question, question.right, start) == [200, 200]
    happens("right: each worker knows the task")
