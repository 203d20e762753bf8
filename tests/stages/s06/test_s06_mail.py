"""E-mail: one task for each recipient, over a verified connection."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from aiosmtpd.smtp import Session as SMTPSession
from fastapi.testclient import TestClient

from course.ports import listen, number_of
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.settings import EmailConfig, get_email_config
from stages.s06_at_work.tasks import call, overrides, run_task
from tests.stages.s06.rows import read

TO = [f"reader{number}@example.com" for number in range(40)]
EMAIL = {"subject": "Grüße", "body": "Hi!\r\n", "recipients": ["a@b.de"]}


class Server:
    """Takes ten messages from a connection; refuses the first `refuse`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuse = 0
        self.quit_reply = "221 Bye"

    async def handle_DATA(  # noqa: N802 (aiosmtpd finds it by this name)
        self, server: SMTP, session: SMTPSession, envelope: Envelope
    ) -> str:
        """Keep a message."""
        count = getattr(session, "count", 0) + 1
        session.count = count  # type: ignore[attr-defined]
        if count > 10:
            return "421 Too many messages on this connection"
        self.messages.append(message_from_bytes(envelope.content or b""))
        if len(self.messages) <= self.refuse:
            return "451 Try again later"
        return "250 OK"

    async def handle_QUIT(  # noqa: N802
        self, server: SMTP, session: SMTPSession, envelope: Envelope
    ) -> str:
        """End a connection."""
        return self.quit_reply


@contextmanager
def serve(
    server: Server, authority: trustme.CA, **options: Any
) -> Iterator[int]:
    """Run a server with STARTTLS and login; give its port."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with listen(0) as free:
        port = number_of(free)
    controller = Controller(
        server,
        hostname="localhost",
        port=port,
        tls_context=tls,
        auth_required=True,
        authenticator=lambda *_: AuthResult(success=True),
        **options,
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """Run a mail server where the course's mailbox would be."""
    server, authority = Server(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "mailbox-ca.pem")
    with serve(server, authority) as port:
        monkeypatch.setenv("SMTP_PORT", str(port))
        yield server


def test_a_limit_of_ten_messages_costs_nobody_an_email(
    server: Server, client: TestClient
) -> None:
    """Each recipient has a task and a connection of his own."""
    for part in (TO, ["again@example.com"]):
        response = client.post("/send-email/", json=EMAIL | {"recipients": part})
        count = len(part)
        assert response.json()["message"] == (
            f"Email will be sent to {count} recipients in the background"
        )
    assert [message["To"] for message in server.messages] == [
        *TO,
        "again@example.com",
    ]
    statuses = {row["status"] for row in client.get("/task-logs/").json()}
    assert statuses == {"completed"}


def test_a_second_attempt_sends_the_same_message_id(
    server: Server, client: TestClient
) -> None:
    """A recipient's program knows the two as one message."""
    server.refuse = 1
    client.post("/send-email/", json=EMAIL)
    row = read(get_session_factory(), 1)
    assert (row.status, row.error) == ("failed", "SMTPDataError")
    call(run_task, 1)
    first, second = server.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert re.fullmatch(r"<[\w.]+@example\.com>", first["Message-ID"])
    assert first["Date"]
    assert read(get_session_factory(), 1).status == "completed"


def test_an_error_after_the_message_was_taken_sends_it_once(
    server: Server, client: TestClient
) -> None:
    """The connection's end is no reason to try again."""
    server.quit_reply = "421 Busy"
    client.post("/send-email/", json=EMAIL)
    assert read(get_session_factory(), 1).status == "completed"


def test_a_server_of_an_unknown_authority_gets_nothing(
    server: Server, client: TestClient, folder: Path
) -> None:
    """The certificate is verified before the password is sent."""
    trustme.CA().cert_pem.write_to_path(folder / "mailbox-ca.pem")
    client.post("/send-email/", json=EMAIL)
    row = read(get_session_factory(), 1)
    assert (row.status, row.error) == ("failed", "SSLCertVerificationError")
    assert server.messages == []


def test_an_authority_of_ones_own_is_a_setting(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SMTP_CA_FILE names it."""
    authority, server = trustme.CA(), Server()
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    mailbox = trustme.CA()
    mailbox.cert_pem.write_to_path(tmp_path / "data" / "mailbox-ca.pem")
    monkeypatch.setenv("SMTP_CA_FILE", str(tmp_path / "own.pem"))
    with serve(server, authority) as port:
        monkeypatch.setenv("SMTP_PORT", str(port))
        get_email_config.cache_clear()
        client.post("/send-email/", json=EMAIL)
    assert len(server.messages) == 1


def test_a_server_that_is_away_fails_the_task_for_now(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason is short, and the engine tries again."""
    with listen(0) as free:
        port = number_of(free)
    overrides[get_email_config] = lambda: EmailConfig(smtp_port=port)
    Path("data/mailbox-ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    client.post("/send-email/", json=EMAIL)
    with get_session_factory()() as session:
        row = session.scalars(sa.select(TaskLog)).one()
    assert (row.status, row.error) == ("failed", "ConnectionRefusedError")
