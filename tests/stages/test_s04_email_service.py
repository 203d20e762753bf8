"""Stage 4: e-mail over a real SMTP conversation, settings and all."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError

from course.mailbox import Mailbox, authority
from course.ports import listen, number_of
from stages.s04_email_service import (
    EmailConfig,
    EmailContent,
    app,
    get_email_config,
    get_email_service,
    get_logger,
)
from tests.servers import Live

HELLO = {"subject": "Hello", "body": "Hi!", "recipients": ["ada@example.com"]}


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Forget the settings, which are read once and kept."""
    get_email_config.cache_clear()
    yield
    get_email_config.cache_clear()
    app.dependency_overrides.clear()


@pytest.fixture
def sent() -> list[EmailContent]:
    """Replace the service by a fake that remembers what it was given."""
    contents: list[EmailContent] = []
    app.dependency_overrides[get_email_service] = lambda: contents.append
    return contents


@pytest.fixture
def mailbox(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mailbox]:
    """Run a real mail server on a free port, and let the stage know."""
    free = listen(0)
    port = number_of(free)
    free.close()
    monkeypatch.setenv("SMTP_PORT", str(port))
    with Mailbox(data_dir, port) as box:
        yield box


Send = Callable[..., None]


@pytest.fixture
def send() -> Send:
    """Call the service as the endpoint's task would."""

    def deliver(*recipients: str, subject: str = "Hello") -> None:
        service = get_email_service(get_email_config(), get_logger())
        content = {"subject": subject, "body": "Hi!"}
        service(EmailContent(**content, recipients=list(recipients)))

    return deliver


def test_the_answer_counts_the_recipients(sent: list[EmailContent]) -> None:
    """The service got the validated content, once, after the answer."""
    both = ["ada@example.com", "bob@example.com"]
    with TestClient(app) as client:
        response = client.post(
            "/send-email/", json=HELLO | {"recipients": both}
        )
    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "message": "Email will be sent to 2 recipients in the background",
    }
    assert [content.recipients for content in sent] == [both]


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipients": []},
        {"recipients": ["not-an-email"]},
        {"recipients": ["ada@example.com\nBcc: eve@example.com"]},
        {"subject": ""},
        {"subject": "Hello\nBcc: eve@example.com"},
        {"subject": "Hello\u2028there"},
        {"subject": "Hello\x85there"},
        {"subject": "half a \ud83d pair"},
        {"body": "half a \ud83d pair"},
    ],
)
def test_invalid_content_is_refused_and_nothing_sent(
    wrong: dict[str, object], sent: list[EmailContent]
) -> None:
    """No header can be forged, and what can't be mail is a 422."""
    body = json.dumps(HELLO | wrong)
    with TestClient(app) as client:
        response = client.post(
            "/send-email/",
            content=body,
            headers={"content-type": "application/json"},
        )
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][1] in wrong
    assert sent == []


def test_mail_arrives_over_verified_tls_after_a_login(
    mailbox: Mailbox, live: Live
) -> None:
    """The whole way: request, task, STARTTLS, login, delivery."""
    with live(app) as client:
        assert client.post("/send-email/", json=HELLO).status_code == 200
        (mail,) = mailbox.wait_for(1)
    assert mail.subject == "Hello"
    assert mail.body == "Hi!\n"
    assert mail.recipients == ("ada@example.com",)
    assert mail.tls.startswith("TLSv1.")


def test_no_recipient_learns_of_another(mailbox: Mailbox, send: Send) -> None:
    """Each gets a mail of their own."""
    send("ada@example.com", "bob@example.com")
    recipients = [mail.recipients for mail in mailbox.wait_for(2)]
    assert recipients == [("ada@example.com",), ("bob@example.com",)]


def test_one_that_is_refused_stops_no_other(
    mailbox: Mailbox, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    """The refusal is logged with the server's words; the rest arrives."""
    send("nobody@example.com", "ada@example.com")
    (mail,) = mailbox.wait_for(1)
    assert mail.recipients == ("ada@example.com",)
    (record,) = caplog.records
    assert "nobody@example.com" in record.getMessage()
    assert "there is nobody of that name" in record.getMessage()


def test_a_wrong_password_is_one_line_without_the_password(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The server says 535, the log says so and keeps the secret."""
    config = EmailConfig(sender_password=SecretStr("hunter2"))
    service = get_email_service(config, get_logger())
    service(EmailContent(**HELLO))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "535" in record.getMessage()
    assert "hunter2" not in caplog.text


def test_a_server_that_cannot_be_verified_gets_no_password(
    mailbox: Mailbox,
    send: Send,
    data_dir: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With another authority's certificate the conversation ends early."""
    (tmp_path / "other").mkdir()
    authority(tmp_path / "other")
    other = tmp_path / "other" / "mailbox-ca.pem"
    (data_dir / "mailbox-ca.pem").write_bytes(other.read_bytes())
    send("ada@example.com")
    assert "certificate verify failed" in caplog.text
    assert not mailbox.mails


def test_a_mailbox_that_is_gone_stops_nothing(
    live: Live,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each failure is one line; the server answers the next request."""
    free = listen(0)
    monkeypatch.setenv("SMTP_PORT", str(number_of(free)))
    free.close()
    with live(app) as client:
        for _ in range(2):
            assert client.post("/send-email/", json=HELLO).status_code == 200
    failures = [r for r in caplog.records if "E-mail failed" in r.message]
    assert len(failures) == 2
    assert "Connection refused" in failures[0].getMessage()
    assert all(record.exc_info is None for record in failures)


def test_settings_come_from_the_environment_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first read stays: a later change needs a new process."""
    monkeypatch.setenv("SMTP_SERVER", "smtp.example.com")
    assert get_email_config().smtp_server == "smtp.example.com"
    monkeypatch.setenv("SMTP_SERVER", "elsewhere.example.com")
    assert get_email_config().smtp_server == "smtp.example.com"


def test_the_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the settings' text, nor in an error about another one."""
    monkeypatch.setenv("SENDER_PASSWORD", "hunter2")
    assert "hunter2" not in repr(get_email_config())
    monkeypatch.setenv("SMTP_PORT", "abc")
    with pytest.raises(ValidationError) as error:
        EmailConfig()
    assert "smtp_port" in str(error.value)
    assert "hunter2" not in str(error.value)
