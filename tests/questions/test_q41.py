"""Question 41: the task, and the endpoint's open transaction."""

import sqlalchemy as sa

from .conftest import Happens, Question


def items(question: Question) -> list[str]:
    """Return what is in the table now."""
    module = question.module
    with module.engine.connect() as connection:
        return list(connection.scalars(sa.select(module.orders.c.item)))


def test_wrong(question: Question, happens: Happens) -> None:
    """The task finds no row and cannot write; its error loses the row."""
    happened = question.wrong.send()
    left = "get_session left with OperationalError"
    assert happened.before("work raised OperationalError", left)
    assert question.module.found == [0]
    assert items(question) == []
    happens("wrong: no row found, and the database is locked")


def test_right(question: Question, happens: Happens) -> None:
    """The task finds the row, and writes."""
    question.right.send()
    assert question.module.found == [1]
    assert items(question) == ["lamp, confirmed"]
    happens("right: the task finds the row, and writes")
