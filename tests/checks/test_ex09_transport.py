"""The transport that exercise 9 gives speaks to a real mail server."""

import smtplib
from types import ModuleType

import pytest

import exercises.ex09_email_retry as stub
import solutions.ex09_email_retry as solution
from checks.mail_server import Inbox, serving

ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture(params=[stub, solution], ids=["exercises", "solutions"])
def answer(request: pytest.FixtureRequest) -> ModuleType:
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
