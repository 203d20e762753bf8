"""Stage 4: e-mail over a real SMTP conversation, settings and all."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError

from course import ports
from course.mailbox import Mailbox, authority
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
def fresh_settings(certificate: Path) -> Iterator[None]:
    """Forget the settings, which are read once and kept."""
    assert certificate.exists()
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
    port = ports.free_port()
    monkeypatch.setenv("SMTP_PORT", str(port))
    with Mailbox(data_dir, port) as box:
        yield box


Send = Callable[..., None]


@pytest.fixture
def send() -> Send:
    """Call the service as the endpoint's task would."""

    def deliver(*recipients: str, **settings: object) -> None:
        config = get_email_config().model_copy(update=settings)
        service = get_email_service(config, get_logger())
        content = HELLO | {"recipients": recipients}
        service(EmailContent.model_validate(content))

    return deliver


def test_the_answer_counts_the_recipients(sent: list[EmailContent]) -> None:
    """The service got the validated content, once, after the answer."""
    recipients = ["ada@example.com", "bob@example.com"]
    response = TestClient(app).post(
        "/send-email/", json=HELLO | {"recipients": recipients}
    )
    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "message": "Email will be sent to 2 recipients in the background",
    }
    assert [content.recipients for content in sent] == [recipients]


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipients": []},
        {"recipients": ["not-an-email"]},
        {"recipients": ["ada@example.com\nBcc: eve@example.com"]},
        {"subject": ""},
        {"subject": "x" * 101},
        {"subject": "Hello\nBcc: eve@example.com"},
        {"subject": "Hello\r"},
    ],
)
def test_invalid_content_is_refused_and_nothing_sent(
    wrong: dict[str, object], sent: list[EmailContent]
) -> None:
    """A subject with a line break would begin another header."""
    response = TestClient(app).post("/send-email/", json=HELLO | wrong)
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
    """Each gets an e-mail of their own."""
    send("ada@example.com", "bob@example.com")
    recipients = [mail.recipients for mail in mailbox.wait_for(2)]
    assert recipients == [("ada@example.com",), ("bob@example.com",)]


def test_one_that_is_refused_stops_no_other(
    mailbox: Mailbox, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest arrives; the refusal is logged, then raised at the end."""
    with pytest.raises(RuntimeError, match="there is nobody of that name"):
        send("nobody@example.com", "ada@example.com")
    (mail,) = mailbox.wait_for(1)
    assert mail.recipients == ("ada@example.com",)
    (record,) = caplog.records
    assert record.getMessage() == "E-mail to nobody@example.com failed"


def test_a_wrong_password_is_logged_without_the_password(
    mailbox: Mailbox, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    """The server says 535, the log says so and keeps the secret."""
    with pytest.raises(RuntimeError, match="535"):
        send("ada@example.com", sender_password=SecretStr("hunter2"))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "535" in caplog.text
    assert "hunter2" not in caplog.text
    assert not mailbox.mails


def test_a_server_that_cannot_be_verified_gets_no_password(
    mailbox: Mailbox, send: Send, tmp_path: Path
) -> None:
    """With another authority's certificate the conversation ends early."""
    (tmp_path / "other").mkdir()
    authority(tmp_path / "other")
    other = tmp_path / "other" / "mailbox-ca.pem"
    with pytest.raises(RuntimeError, match="certificate verify failed"):
        send("ada@example.com", smtp_ca_file=other)
    assert not mailbox.mails


def test_a_mailbox_that_is_gone_stops_no_request(
    live: Live,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client has its answer, the log has the reason."""
    monkeypatch.setenv("SMTP_PORT", str(ports.free_port()))
    with live(app) as client:
        assert client.post("/send-email/", json=HELLO).status_code == 200
    assert "E-mail to ada@example.com failed" in caplog.messages
    assert "Connection refused" in caplog.text


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
