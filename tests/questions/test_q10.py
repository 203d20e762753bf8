"""Question 10: an `async def` task that blocks."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """It runs on the event loop: the next request waits until it has ended."""
    with question.running() as server:
        happened = server.send(question.wrong)
        server.client.get("/ping")
    assert happened.where("work") == "loop"
    assert question.module.order == ["work began", "work ended", "ping"]
    happens("wrong: the task runs on the event loop")


def test_right(question: Question, happens: Happens) -> None:
    """A `def` task runs in a worker thread."""
    happened = question.right.send()
    assert happened.where("work_in_a_thread").startswith("thread")
    happens("right: the task runs in a thread")
