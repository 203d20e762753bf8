"""A real mail server on this machine: STARTTLS and login required.

It prints what arrives. Stages 4 and 5 send here unless SMTP_SERVER and the
three variables beside it name another server. Mail to nobody@… is refused.
"""

import contextlib
import logging
import os
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from types import TracebackType
from typing import Self
from unicodedata import category

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from course import ports
from course.folders import data_dir
from course.typed import Parser

PORT = 5870
LARGEST = 1_000_000  # bytes of an e-mail that is taken
LONGEST = 20_000  # letters of its body that are kept


@dataclass(frozen=True)
class Mail:
    """One e-mail as it arrived."""

    arrived: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: str
    tls: str  # the version spoken, e.g. TLSv1.3


def login() -> tuple[bytes, bytes]:
    """Return who may send: SENDER_EMAIL and SENDER_PASSWORD, or stage 4's."""
    sender = os.environ.get("SENDER_EMAIL") or "course@example.com"
    password = os.environ.get("SENDER_PASSWORD") or "mailbox"
    return sender.encode(), password.encode()


def authority(folder: Path) -> trustme.CA:
    """Return the certificate authority kept in a folder, made if missing.

    A client that verifies this server trusts `mailbox-ca.pem`. It is kept, so
    that a second mailbox, or one started anew, is trusted as well.
    """
    cert, key = folder / "mailbox-ca.pem", folder / "mailbox-ca.key"
    if cert.exists() and key.exists():
        return trustme.CA.from_pem(cert.read_bytes(), key.read_bytes())
    made = trustme.CA()
    key.touch(mode=0o600)
    made.private_key_pem.write_to_path(key)
    made.cert_pem.write_to_path(cert)
    return made


def note(folder: Path) -> Path:
    """Return where the port of this copy's mailbox is noted."""
    return folder / "mailbox-port"


def running_port(folder: Path) -> int | None:
    """Return the port of the mailbox that keeps this folder, if one runs.

    Another copy of the course has a mailbox with another certificate.
    """
    try:
        port = int(note(folder).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return port if ports.is_taken(port) else None


class Handler:
    """Keep what arrives; refuse what a test or a lesson wants refused."""

    def __init__(self, box: "Mailbox") -> None:
        self.box = box

    async def handle_RCPT(  # noqa: N802 (aiosmtpd finds it by this name)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take every recipient but nobody@…."""
        if address.startswith("nobody@"):
            return "550 5.1.1 there is nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a message, unless the first ones are to be refused."""
        if self.box.refuse > 0:
            self.box.refuse -= 1
            return "451 4.3.0 try again later"
        content = envelope.original_content or b""
        sender, subject, body = read(content)
        mail = Mail(
            arrived=datetime.now(UTC),
            sender=sender or readable(str(envelope.mail_from)),
            recipients=tuple(map(readable, envelope.rcpt_tos)),
            subject=subject,
            body=body,
            tls=session.ssl["cipher"][1] if session.ssl else "",
        )
        self.box.take(mail)
        return "250 OK"


def read(content: bytes) -> tuple[str, str, str]:
    """Return sender, subject and body; of what cannot be read, all of it."""
    raw = content.decode("utf-8", "replace")
    try:
        message = message_from_bytes(content, policy=policy.default)
        part = message.get_body(("plain",))
        body = str(part.get_content()) if part else raw
        if message.defects or (part and part.defects):
            body = raw
        sender, subject = (str(message[h] or "") for h in ("From", "Subject"))
    except Exception:  # noqa: BLE001 (the parser raises many kinds)
        sender, subject, body = "", "(this mail could not be read)", raw
    return readable(sender), readable(subject), readable(body)


def readable(text: str) -> str:
    """Return a text that can be shown: half a character is no character."""
    text = text.replace("\r", "").encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


class Mailbox:
    """The server, and the last hundred e-mails; use it in a `with` block.

    `refuse` is how many messages are refused with a 451 before one is taken;
    `told` is called with each e-mail, in the server's thread. Entering raises
    OSError when the port is taken.
    """

    def __init__(
        self,
        folder: Path,
        port: int = PORT,
        refuse: int = 0,
        told: Callable[[Mail], None] = lambda _: None,
    ) -> None:
        self.port = port
        self.refuse = refuse
        self.told = told
        self.mails: deque[Mail] = deque(maxlen=100)
        self._arrived = threading.Condition()
        self._folder = folder
        self._controller: Controller | None = None

    def _authenticate(
        self,
        _server: SMTP,
        _session: Session,
        _envelope: Envelope,
        _mechanism: str,
        data: LoginPassword,
    ) -> AuthResult:
        right = (data.login, data.password) == login()
        return AuthResult(success=right, handled=False)  # it answers the 535

    def take(self, mail: Mail) -> None:
        """Keep an e-mail, wake those who wait for it, and report it."""
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()
        self.told(mail)

    def wait_for(self, count: int, seconds: float = 10) -> list[Mail]:
        """Return the e-mails once there are `count`; TimeoutError if not."""
        with self._arrived:
            if not self._arrived.wait_for(
                lambda: len(self.mails) >= count, seconds
            ):
                raise TimeoutError(f"{len(self.mails)} of {count} arrived")
            return list(self.mails)

    def __enter__(self) -> Self:
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        ports.listen(self.port).close()  # at once, not after five seconds
        certificate = authority(self._folder).issue_cert(
            "localhost", ports.HOST
        )
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(tls)
        self._controller = Controller(
            Handler(self),
            hostname="localhost",
            port=self.port,
            tls_context=tls,
            require_starttls=True,
            auth_required=True,
            auth_require_tls=True,
            authenticator=self._authenticate,
            data_size_limit=LARGEST,
        )
        self._controller.start()
        note(self._folder).write_text(str(self.port), "utf-8")
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        note(self._folder).unlink(missing_ok=True)
        if self._controller:
            self._controller.stop()


def show(mail: Mail, console: Console) -> None:
    """Print one e-mail; what it says can't control the terminal."""
    head = (
        f"From     {mail.sender}\n"
        f"To       {', '.join(mail.recipients)}\n"
        f"Subject  {mail.subject}\n\n"
    )
    text = "".join(
        "\N{BULLET}" if category(letter) == "Cc" and letter != "\n" else letter
        for letter in head + mail.body.rstrip()
    )
    title = f"{mail.arrived.astimezone():%H:%M:%S} · {mail.tls}, logged in"
    console.print(Panel(Text(text), title=title, title_align="left"))


def main() -> None:
    """Serve until Ctrl-C."""
    parser = Parser("mailbox", description=__doc__)
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help="5870 unless named; if taken, one of the next",
    )
    parser.add_argument(
        "--refuse",
        type=int,
        default=0,
        metavar="N",
        help="answer the first N messages with 451, try again later",
    )
    asked = parser.parse_args()
    console = Console()
    with ports.listen_near(asked.port) as free:
        port = ports.number_of(free)
    box = Mailbox(
        data_dir(), port, asked.refuse, lambda mail: show(mail, console)
    )
    with box, contextlib.suppress(KeyboardInterrupt):
        if port != asked.port:
            console.print(
                f"Port {asked.port} is taken, perhaps by another mailbox, so"
                f" it is {port}. A stage that is running already does not"
                " know this: start it again."
            )
        console.print(
            f"The mailbox listens on localhost:{port}. What arrives stands"
            " below; Ctrl-C ends it."
        )
        forever = threading.Event()
        while not forever.wait(1):  # Windows hears Ctrl-C in between
            pass


if __name__ == "__main__":
    main()
