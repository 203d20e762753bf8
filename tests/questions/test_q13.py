"""Question 13: CPU-bound work, and in which process it runs."""

import os

from .conftest import Happens, Question


def test_wrong(question: Question, happens: Happens) -> None:
    """A background task computes in the server's own process."""
    question.wrong.send()
    assert question.module.ran_in == [os.getpid()]
    happens("wrong: it runs in the server's process")


def test_right(question: Question, happens: Happens) -> None:
    """A process of its own computes, and the task awaits it."""
    happened = question.right.send()
    assert happened.before("response sent", "work_elsewhere began")
    (process,) = question.module.ran_in
    assert process != os.getpid()
    happens("right: it runs in another process")
