"""Question 1: a middleware and the moment at which the task begins."""

from .conftest import Happens, Question
from .versions import STARLETTE

MENDED = STARLETTE >= (1, 7)  # there, `wrong` does what `right` does


def test_wrong(question: Question, happens: Happens) -> None:
    """Behind BaseHTTPMiddleware the task ended before the response left."""
    happened = question.wrong.send()
    late = happened.before("response sent", "work began")
    happens(f"wrong: the {'response' if late else 'task'} comes first")
    assert happened.response.headers["x-server"] == "a"
    assert late == MENDED


def test_right(question: Question, happens: Happens) -> None:
    """Behind a pure ASGI middleware the response leaves first."""
    happened = question.right.send()
    assert happened.response.headers["x-server"] == "a"
    assert happened.before("response sent", "work began")
    happens("right: the response comes first")
