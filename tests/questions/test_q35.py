"""Question 35: the result of a task."""

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The answer is null; the result is computed later, for nobody."""
    happened = question.wrong.send()
    assert happened.json is None
    assert happened.before("response sent", "work began")
    happens("wrong: the answer is null")


def test_right(question: Question, happens: Happens) -> None:
    """The result is there under the address that the answer gave."""
    with question.running() as server:
        happened = server.send(question.right)
        assert happened.status == 202
        address = happened.response.headers["Location"]
        assert server.client.get(address).json() == {"result": 49}
        assert server.client.get("/results/99").status_code == 404
    happens("right: the result is stored under an ID")
