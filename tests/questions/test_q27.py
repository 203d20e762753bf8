"""Question 27: a decorated dependency with `yield`."""

import pytest
from fastapi.testclient import TestClient

from .conftest import Happens, Question
from .versions import FASTAPI


def test_wrong(question: Question, happens: Happens) -> None:
    """The endpoint does not get what the function yields."""
    client = TestClient(question.module.app)
    with pytest.raises((TypeError, AttributeError)) as raised:
        client.post(question.wrong.path)
    reason = "object is not an iterator"
    if FASTAPI < (0, 163):
        reason = "object has no attribute 'throw'"
    if FASTAPI < (0, 123, 5):
        reason = "object has no attribute 'note'"
    assert str(raised.value) == f"'_GeneratorContextManager' {reason}"
    assert question.module.Account.notes == ()
    happens(f"wrong: 500, {reason}")


def test_right(question: Question, happens: Happens) -> None:
    """The plain function serves the endpoint and, decorated, the task."""
    happened = question.right.send()
    assert happened.status == 200
    assert question.module.Account.notes == ("endpoint", "task")
    happens("right: one function for the endpoint and the task")
