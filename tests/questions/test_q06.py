"""Question 6: a commit after `yield` that the database refuses."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The client has its 200, and then the commit fails."""
    happened = question.wrong.send()
    late = happened.before(
        "response sent", "commit_later raised IntegrityError"
    )
    happens(f"wrong: {happened.status}, then the commit fails")
    assert (happened.status, late) == (200, True)


def test_right(question: Question, happens: Happens) -> None:
    """The commit in the endpoint fails in time for an answer."""
    happened = question.right.send()
    assert happened.status == 409
    assert not [event for event in happened.order if "server" in event]
    happens("right: 409")
