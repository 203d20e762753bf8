"""Question 40: a task that fails, and the request's transaction."""

import sqlalchemy as sa

from .conftest import Happens, Question


def ordered(question: Question) -> list[str]:
    """Return what is in the table now."""
    module = question.module
    with module.engine.connect() as connection:
        return list(connection.scalars(sa.select(module.orders.c.item)))


def test_wrong(question: Question, happens: Happens) -> None:
    """The client has its 200, and its order is rolled back."""
    happened = question.wrong.send()
    assert happened.json == "ordered"
    left = "get_session left with ConnectionError"
    assert happened.before("response sent", left)
    assert happened.before("work raised ConnectionError", left)
    assert ordered(question) == []
    happens("wrong: the client has its 200, and its data is rolled back")


def test_right(question: Question, happens: Happens) -> None:
    """The order is there although the task failed."""
    happened = question.right.send()
    assert happened.json == "ordered"
    assert "work raised ConnectionError" in happened.order
    assert ordered(question) == ["lamp"]
    happens("right: the data stays")
