"""Question 19: a dependency outside a request."""

import pytest

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """Called by hand, the function gets the Depends object itself."""
    with pytest.raises(AttributeError, match="Depends") as raised:
        question.wrong.function()
    assert "has no attribute 'execute'" in str(raised.value)
    happens("wrong: a Depends object instead of the session")


def test_right(question: Question, happens: Happens) -> None:
    """As a `with` block the dependency is entered, and left."""
    assert question.right.function() == 42
    assert question.module.closed == [True]
    happens("right: the dependency is entered and left")
