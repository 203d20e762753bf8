"""What exercise 9 gives, and its solution, with a real mail server."""

import asyncio
import smtplib
from types import ModuleType

import pytest

import exercises.ex09_email_retry as stub
import solutions.ex09_email_retry as solution
from checks.mail_server import Inbox, serving

ADA, BOB = "ada@example.com", "bob@example.com"
CARL = "carl@example.com"


@pytest.fixture(params=[stub, solution], ids=["exercises", "solutions"])
def answer(request: pytest.FixtureRequest) -> ModuleType:
    """Give the stub, then the solution."""
    module: ModuleType = request.param
    return module


def test_it_returns_or_raises_what_the_exercise_says(
    answer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """{}, the refused with their replies, or an exception of smtplib."""
    inbox = Inbox()
    inbox.to_rcpt[BOB] = ["550 5.1.1 no such user"] * 2
    inbox.to_data = ["250 OK", "250 OK", "451 4.3.0 try again later"]
    message = answer.EmailContent(subject="Hello", body="ä", recipients=[ADA])
    with serving(inbox):
        monkeypatch.setenv("SMTP_SERVER", "127.0.0.1")
        monkeypatch.setenv("SMTP_PORT", str(inbox.port))
        send = answer.get_transport(answer.get_server())
        assert send(message, [ADA]) == {}
        refused = send(message, [ADA, BOB])
        assert refused == {BOB: (550, b"5.1.1 no such user")}
        with pytest.raises(smtplib.SMTPRecipientsRefused) as nobody:
            send(message, [BOB])
        assert nobody.value.recipients == refused
        with pytest.raises(smtplib.SMTPDataError, match="try again later"):
            send(message, [ADA])
    assert inbox.taken == [ADA, ADA]
    with pytest.raises(ConnectionRefusedError):
        send(message, [ADA])


def test_the_solution_loses_nobody_after_a_421() -> None:
    """After a 421, smtplib names only who was refused until then."""
    inbox = Inbox()
    inbox.to_rcpt[BOB] = ["421 4.3.2 going down"]
    message = solution.EmailContent(
        subject="Hello", body="", recipients=[ADA, BOB, CARL]
    )
    policy = solution.RetryPolicy(3, 0, 0, 0)
    with serving(inbox):
        send = solution.get_transport(("127.0.0.1", inbox.port))
        unserved = asyncio.run(
            solution.send_with_retry(message, send, policy, asyncio.sleep)
        )
    assert unserved == {}
    assert sorted(inbox.taken) == [ADA, BOB, CARL]
