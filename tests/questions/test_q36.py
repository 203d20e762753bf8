"""Question 36: a task that tries again."""

import pytest

from .conftest import Happens, Question

pytest.importorskip("tenacity")


def test_wrong(question: Question, happens: Happens) -> None:
    """One attempt, and nothing is sent."""
    happened = question.wrong.send()
    assert happened.status == 200
    mail = question.module.mail
    assert (mail.attempts, mail.sent) == (1, ())
    happens("wrong: one attempt")


def test_right(question: Question, happens: Happens) -> None:
    """The third attempt succeeds, after the response."""
    happened = question.right.send()
    assert happened.before("response sent", "work began")
    mail = question.module.mail
    assert (mail.attempts, mail.sent) == (3, ("ada@example.com",))
    happens("right: it tries again until it succeeds")


def test_right_gives_up(question: Question) -> None:
    """It ends after the fifth attempt, with the server's error."""
    module = question.module

    class Broken(module.Mail):  # type: ignore[misc, name-defined]
        def send(self, address: str) -> None:
            self.attempts += 1
            raise ConnectionError(f"Nobody takes mail for {address}.")

    broken = Broken()
    module.app.dependency_overrides[module.get_mail] = lambda: broken
    question.right.send()
    assert broken.attempts == 5
