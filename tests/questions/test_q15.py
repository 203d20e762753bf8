"""Question 15: a client that leaves."""

from course.questions.running import Way

from .conftest import Happens, Question, sent_by_hand


def leave(question: Question, way: Way) -> list[str]:
    """Send a request and hang up at once; return what was done for it."""
    with question.running() as server:
        with sent_by_hand(server, way):
            pass
        server.recorder.wait(1)
    steps: list[str] = question.module.steps
    return steps


def test_wrong(question: Question, happens: Happens) -> None:
    """Nothing is cancelled: all steps are done, and the task as well."""
    done = leave(question, question.wrong)
    assert done == ["step"] * question.module.STEPS + ["work"]
    happens("wrong: endpoint and task run to the end")


def test_right(question: Question, happens: Happens) -> None:
    """An endpoint that asks stops early, and adds no task."""
    done = leave(question, question.right)
    assert len(done) < question.module.STEPS
    assert "work" not in done
    happens("right: the endpoint stops early")


def test_right_with_a_client_that_stays(question: Question) -> None:
    """For a client that stays, everything is done."""
    question.right.send()
    assert question.module.steps[-1] == "work"
