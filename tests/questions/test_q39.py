"""Question 39: `next` of a dependency."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """It is closed before it is used, and not closed after that."""
    question.wrong.send()
    assert question.module.order == ["opened", "closed", "used"]
    happens("wrong: closed before it is used")


def test_right(question: Question, happens: Happens) -> None:
    """It is closed when the block ends."""
    question.right.send()
    assert question.module.order == ["opened", "used", "closed"]
    happens("right: closed after it was used")


def test_a_closed_session_opens_again() -> None:
    """SQLAlchemy begins anew in a closed session, without an error."""
    engine = sa.create_engine("sqlite://")
    session = Session(engine)
    session.close()
    assert session.scalar(sa.text("SELECT 1")) == 1
    assert session.in_transaction()
    session.close()
    engine.dispose()
