"""Question 42: a connection of SQLite, and the task's thread."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """The task's thread may not use the connection."""
    happened = question.wrong.send()
    assert happened.status == 200
    assert "work raised ProgrammingError" in happened.order
    assert question.module.found == []
    happens("wrong: the task may not use the connection")


def test_right(question: Question, happens: Happens) -> None:
    """The task uses the connection that it opened."""
    question.right.send()
    assert question.module.found == [("a row",)]
    happens("right: the task opens its own")


def test_sqlalchemy_allows_it_for_a_file(question: Question) -> None:
    """Its connection to a file may be used in another thread."""
    assert question.module.app
    engine = sa.create_engine("sqlite:///here.db")
    with engine.connect() as connection, ThreadPoolExecutor(1) as pool:
        assert pool.submit(connection.scalar, sa.text("SELECT 1")).result()
    engine.dispose()
