"""Question 14: background tasks in a WebSocket endpoint."""

from websockets.sync.client import connect

from course.questions.running import Way

from .conftest import Happens, Question


def talk(question: Question, way: Way) -> list[str]:
    """Hear one message; return what happened until the socket was closed."""
    with question.running() as server:
        address = server.address.replace("http", "ws")
        with connect(f"{address}{way.path}") as socket:
            assert list(socket) == ["hello"]
        return list(server.recorder.wait(1).order)


def test_wrong(question: Question, happens: Happens) -> None:
    """The task never runs, and nothing says so."""
    order = talk(question, question.wrong)
    assert "work never ran" in order
    assert not [event for event in order if "server" in event]
    happens("wrong: the task never runs")


def test_right(question: Question, happens: Happens) -> None:
    """Awaited by the endpoint, it runs when the socket is closed."""
    order = talk(question, question.right)
    assert order.index("socket closed 1000") < order.index("work began")
    happens("right: the task runs")
