"""Question 23: an upload in a task."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """Closed by its endpoint, the upload cannot be read in the task."""
    happened = question.wrong.send()
    assert happened.status == 200
    assert "work raised ValueError" in happened.order
    happens("wrong: the upload is closed")


def test_right(question: Question, happens: Happens) -> None:
    """The task reads a copy, and deletes it."""
    happened = question.right.send()
    assert happened.before("response sent", "work_on_a_copy began")
    assert question.module.contents == [b"hello"]
    happens("right: the task reads its copy")


def test_an_upload_that_is_handed_over(
    question: Question, happens: Happens
) -> None:
    """From FastAPI 0.118 on the upload itself is open in the task."""
    with question.running() as server:
        server.client.post("/handed-over", **question.module.REQUEST)
        order = server.recorder.wait(1).order
    is_open = "work ended" in order
    happens(f"handed over: the upload is {'open' if is_open else 'closed'}")
    assert is_open
