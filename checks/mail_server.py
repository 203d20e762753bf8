"""A real mail server on this machine; a check tells it what to refuse."""

import asyncio
import logging
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

HANGS_UP = "hangs up"


class Inbox:
    """Takes mail, unless it is told to refuse it first.

    `to_data` is what it says to the next messages, `to_rcpt[address]` to the
    next tries to name this recipient, in SMTP's words; after that it takes
    all. Instead of saying anything it may hang up.
    """

    def __init__(self) -> None:
        self.to_data: list[str] = []
        self.to_rcpt: dict[str, list[str]] = {}
        self.asked: list[str] = []  # each recipient that was named
        self.taken: list[str] = []  # each that got a message
        self.port = 0  # once it serves

    async def handle_RCPT(  # noqa: N802 (aiosmtpd finds it by this name)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient, or say what was asked for."""
        self.asked.append(address)
        refusals = self.to_rcpt.get(address)
        if refusals:
            return refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a message, or say what was asked for."""
        reply = self.to_data.pop(0) if self.to_data else "250 OK"
        if reply == HANGS_UP and server.transport is not None:
            server.transport.close()
        elif reply == "250 OK":
            self.taken += envelope.rcpt_tos
        return reply

    def transport(
        self, message: object, recipients: list[str]
    ) -> dict[str, tuple[int, bytes]]:
        """Send to this server, as a transport of the exercise does."""
        text = f"Subject: a message\r\n\r\n{message}".encode()
        with smtplib.SMTP("127.0.0.1", self.port, "localhost", 5) as smtp:
            return smtp.sendmail("shop@example.com", recipients, text)


@contextmanager
def serving(inbox: Inbox) -> Iterator[None]:
    """Run it, on a free port, in a separate thread."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(stopping.set))
        server = await loop.create_server(
            lambda: SMTP(inbox, hostname="localhost", loop=loop),
            "127.0.0.1",
            0,
        )
        inbox.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stopping.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(5), "the mail server of this check did not start"
    try:
        yield
    finally:
        stop[0]()
        thread.join(5)
