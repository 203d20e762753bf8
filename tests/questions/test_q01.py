"""Question 1: a middleware and the moment at which the task begins."""

from course.questions.running import Way

from .conftest import Happens, Question, sent_by_hand
from .versions import STARLETTE

MENDED = STARLETTE >= (1, 7)  # there, `wrong` does what `right` does


def order_of(question: Question, way: Way) -> tuple[str, ...]:
    """Return the order for a client that is slow to read a large answer.

    Where the task does not wait for it, it reads when the task has begun.
    """
    waits = MENDED or way.name == "right"
    with question.running() as server:
        with sent_by_hand(server, way) as client:
            assert waits or question.module.began.wait(10)
            received = b""
            while part := client.recv(1_000_000):
                received = received[:1000] + part
            assert b"x-server: a" in received[:1000]
        return server.recorder.wait(1).order


def test_wrong(question: Question, happens: Happens) -> None:
    """Behind BaseHTTPMiddleware the task began before the response left."""
    order = order_of(question, question.wrong)
    late = order.index("response sent") < order.index("work began")
    happens(f"wrong: the {'response' if late else 'task'} comes first")
    assert late == MENDED


def test_right(question: Question, happens: Happens) -> None:
    """Behind a pure ASGI middleware the response leaves first."""
    order = order_of(question, question.right)
    assert order.index("response sent") < order.index("work began")
    happens("right: the response comes first")
