"""The mail server: what it takes, what it refuses, what it shows."""

import signal
import smtplib
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from course.folders import environment
from course.mailbox import Mail, Mailbox, authority, note, running_port, show
from course.ports import free_port, listen, number_of

LOGIN = ("course@example.com", "mailbox")
PART = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
NESTED = b"Subject: x\r\n" + b"".join(PART % (n, n) for n in range(2000))
LETTER = "From: course@example.com\r\nSubject: Hello\r\n\r\nHi!\r\n"


@pytest.fixture
def box(data_dir: Path) -> Iterator[Mailbox]:
    """Run a mailbox on a free port."""
    free = listen(0)
    port = number_of(free)
    free.close()
    with Mailbox(data_dir, port) as running:
        yield running


@pytest.fixture
def smtp(box: Mailbox, data_dir: Path) -> Iterator[smtplib.SMTP]:
    """Connect to it, verified, not yet logged in."""
    tls = ssl.create_default_context(cafile=data_dir / "mailbox-ca.pem")
    with smtplib.SMTP("localhost", box.port, timeout=10) as connected:
        connected.starttls(context=tls)
        yield connected


def test_a_mail_is_kept_as_it_arrived(
    box: Mailbox, smtp: smtplib.SMTP
) -> None:
    """Sender, recipients, subject and body are there to look at."""
    smtp.login(*LOGIN)
    smtp.sendmail(LOGIN[0], ["ada@example.com"], LETTER)
    (mail,) = box.wait_for(1)
    assert (mail.sender, mail.recipients) == (LOGIN[0], ("ada@example.com",))
    assert (mail.subject, mail.body) == ("Hello", "Hi!\n")
    assert mail.tls.startswith("TLSv1.")


@pytest.mark.parametrize(
    "letter",
    [
        b"Subject: x\r\nContent-Type: text/plain; charset=none-such\r\n\r\nHi!",
        b"Subject: =?utf-8?b?\xff?=\r\nFrom: <<<\xe9\r\n\r\nHi!",
        b"Subject: a\xf0\x9f\r\nTo: \x00\r\n\r\nHi!",
        b"Hi!",
        b"",
        b"Subject: " + b"x" * 500 + b"\r\n " * 500 + b"\r\n\r\nHi!",
        b"Subject: =?none-such?q?a?=\r\nFrom: =?utf-8?q?=00=1B?=\r\n\r\nHi!",
        b"Subject: x\r\nFrom: a@[\r\nDate: never\r\nTo: ;:<>\r\n\r\nHi!",
        b"Subject: x\r\nContent-Type: text/plain; charset=utf-7\r\n\r\nHi!",
        b"Subject: x\r\nContent-Type: text/plain; charset=\x00\r\n\r\nHi!",
        b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\nHi!",
        b"Subject: x\r\n\r\nHi!\x00\x1b[2J\x9b\xff",
        NESTED,
        b"Subject: x\r\nContent-Type: multipart/mixed\r\n\r\nHi!",
    ],
    ids=[
        *("charset", "words", "bytes", "no header", "nothing", "folded"),
        *("unknown words", "addresses", "utf-7", "NUL charset", "base64"),
        *("controls", "nested", "no boundary"),
    ],
)
def test_a_broken_mail_takes_nothing_down(
    box: Mailbox, smtp: smtplib.SMTP, letter: bytes
) -> None:
    """It is kept in a form that can be shown, and the next one arrives."""
    smtp.login(*LOGIN)
    smtp.sendmail(LOGIN[0], ["ada@example.com"], letter)
    smtp.sendmail(LOGIN[0], ["ada@example.com"], LETTER)
    broken, after = box.wait_for(2)
    shown = f"{broken.sender} {broken.subject} {broken.body}"
    assert ("Hi!" in shown) == (b"Hi!" in letter)
    shown.encode()
    assert after.subject == "Hello"


def test_a_huge_mail_is_refused(box: Mailbox, smtp: smtplib.SMTP) -> None:
    """With the code for it, and the next one arrives."""
    smtp.login(*LOGIN)
    huge = f"Subject: x\r\n\r\n{('a' * 70 + chr(10)) * 150_000}"
    with pytest.raises(smtplib.SMTPException) as refused:
        smtp.sendmail(LOGIN[0], ["ada@example.com"], huge)
    assert "552" in str(refused.value.args)
    smtp.sendmail(LOGIN[0], ["ada@example.com"], LETTER)
    (mail,) = box.wait_for(1)
    assert mail.subject == "Hello"


def test_a_long_body_is_cut(box: Mailbox, smtp: smtplib.SMTP) -> None:
    """A hundred of them are kept, and the page shows all of them."""
    smtp.login(*LOGIN)
    long = f"Subject: x\r\n\r\n{('a' * 70 + chr(10)) * 10_000}"
    smtp.sendmail(LOGIN[0], ["ada@example.com"], long)
    (mail,) = box.wait_for(1)
    assert len(mail.body) < 30_000
    assert mail.body.endswith(" …")


def test_a_login_needs_encryption(box: Mailbox) -> None:
    """In the clear, nobody is asked for a password."""
    with smtplib.SMTP("localhost", box.port, timeout=10) as clear:
        clear.ehlo()
        assert not clear.has_extn("auth")
        with pytest.raises(smtplib.SMTPException):
            clear.login(*LOGIN)


def test_mail_needs_a_login(smtp: smtplib.SMTP) -> None:
    """Encryption alone is not enough."""
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        smtp.sendmail(LOGIN[0], ["ada@example.com"], LETTER)
    assert refused.value.smtp_code == 530


def test_a_wrong_password_is_a_535(smtp: smtplib.SMTP) -> None:
    """The client is told at once, and does not hang."""
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        smtp.login(LOGIN[0], "wrong")
    assert refused.value.smtp_code == 535


def test_the_first_messages_can_be_refused(
    box: Mailbox, smtp: smtplib.SMTP
) -> None:
    """A 451 means: try again later. The next attempt succeeds."""
    box.refuse = 1
    smtp.login(*LOGIN)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        smtp.sendmail(LOGIN[0], ["ada@example.com"], LETTER)
    assert refused.value.smtp_code == 451
    smtp.sendmail(LOGIN[0], ["ada@example.com"], LETTER)
    assert len(box.wait_for(1)) == 1


def test_a_second_mailbox_is_trusted_too(data_dir: Path) -> None:
    """The authority is kept: a restart needs no new trust."""
    first = authority(data_dir).cert_pem.bytes()
    assert authority(data_dir).cert_pem.bytes() == first


@pytest.mark.skipif(sys.platform == "win32", reason="has no such modes")
def test_the_private_key_is_the_owners_alone(data_dir: Path) -> None:
    """Nobody else on the machine can pose as the mailbox."""
    authority(data_dir)
    mode = (data_dir / "mailbox-ca.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_taken_port_is_told_at_once(data_dir: Path) -> None:
    """No five seconds of waiting for a server that can't start."""
    with listen(0) as taken, pytest.raises(OSError, match="in use"):
        Mailbox(data_dir, number_of(taken)).__enter__()


def test_a_copy_of_the_course_finds_its_own_mailbox(
    box: Mailbox, data_dir: Path, tmp_path: Path
) -> None:
    """Another copy's mailbox has a certificate that it does not trust."""
    assert running_port(data_dir) == box.port
    assert running_port(tmp_path) is None


def test_a_mailbox_that_has_ended_is_not_found(data_dir: Path) -> None:
    """Not even if it could not take its note away."""
    with Mailbox(data_dir, free_port()) as box:
        assert running_port(data_dir) == box.port
    assert running_port(data_dir) is None
    note(data_dir).write_text(str(box.port))
    assert running_port(data_dir) is None


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")
def test_a_second_mailbox_takes_the_next_port(data_dir: Path) -> None:
    """It says which, and a stage of its folder finds it."""
    with listen(0) as taken:
        port = str(number_of(taken))
        program = [sys.executable, "-m", "course.mailbox", "--port", port]
        with subprocess.Popen(
            program,
            cwd=data_dir.parent,
            env=environment() | {"COLUMNS": "300"},
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdout
            said = [running.stdout.readline(), running.stdout.readline()]
            found = running_port(data_dir)
            running.send_signal(signal.SIGINT)
        assert running.returncode == 0
        assert said[0].startswith(f"Port {port} is taken")
        assert f"listens on localhost:{found}." in said[1]


def test_what_a_mail_says_cannot_control_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Escape sequences are shown, not obeyed; markup stays as it is."""
    body = "\x1b[31mred\x07 [bold]not bold[/bold]"
    who = ("course@example.com", ("ada@example.com",))
    mail = Mail(datetime.now(UTC), *who, "Hello", body, "TLSv1.3")
    show(mail, Console(width=60, force_terminal=False))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "•[31mred• [bold]not bold[/bold]" in shown
