"""Exercise 9, solved: try again, but not everything."""

import asyncio
import logging
import os
import random
import smtplib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import count
from typing import Annotated, Literal

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, EmailStr, Field

logger = logging.getLogger(__name__)


class EmailContent(BaseModel):
    """The JSON that the client posts (ready)."""

    subject: str = Field(pattern=r"^[^\r\n]*$")
    body: str
    recipients: list[EmailStr] = Field(min_length=1)


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try, and how long to wait in between (ready)."""

    attempts: int  # all tries, the first included
    base_delay: float  # seconds
    max_delay: float
    jitter: float


@dataclass(frozen=True)
class DeadLetter:
    """A message that some recipients did not get (ready)."""

    message: EmailContent
    recipients: list[str]
    reason: str


Reply = tuple[int, bytes]  # an SMTP server's, as in (550, b"no such user")
Transport = Callable[[EmailContent, list[str]], dict[str, Reply]]
Sleep = Callable[[float], Awaitable[object]]
Delivery = Callable[[EmailContent], Awaitable[None]]

DEAD_LETTERS: list[DeadLetter] = []


def get_policy() -> RetryPolicy:
    """Provide the policy (ready)."""
    return RetryPolicy(attempts=5, base_delay=1, max_delay=30, jitter=1)


def get_sleep() -> Sleep:
    """Provide the function that waits (ready)."""
    return asyncio.sleep


def get_dead_letters() -> list[DeadLetter]:
    """Provide the list of mails that were not delivered (ready)."""
    return DEAD_LETTERS


def get_server() -> tuple[str, int]:
    """Say where the mail server listens (ready)."""
    port = int(os.environ.get("SMTP_PORT", "8025"))
    return os.environ.get("SMTP_SERVER", "localhost"), port


def get_transport(
    server: Annotated[tuple[str, int], Depends(get_server)],
) -> Transport:
    """Provide the function that sends the mail, and blocks (ready)."""

    def send(message: EmailContent, recipients: list[str]) -> dict[str, Reply]:
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = "shop@example.com"
        mail["To"] = "undisclosed-recipients:;"
        mail.set_content(message.body)
        with smtplib.SMTP(*server, timeout=10) as smtp:
            return smtp.send_message(mail, to_addrs=recipients)

    return send


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code in range(400, 500)
        return "transient" if passes else "permanent"
    away = ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"


def refusals(
    message: EmailContent, transport: Transport, recipients: list[str]
) -> dict[str, Exception]:
    """Try once, and tell for whom it failed, and with which error."""
    try:
        refused = transport(message, recipients)
    except smtplib.SMTPRecipientsRefused as error:
        # nobody was served; after a 421 the rest were not even asked
        refused = dict.fromkeys(recipients, (421, b"never asked"))
        refused |= error.recipients
    except Exception as error:
        return dict.fromkeys(recipients, error)
    return {
        who: smtplib.SMTPResponseException(
            code, words.decode(errors="replace")
        )
        for who, (code, words) in refused.items()
    }


def pause(policy: RetryPolicy, tried: int) -> float:
    more = random.uniform(0, policy.jitter)  # noqa: S311 (no secret)
    return min(policy.max_delay, policy.base_delay * 2.0 ** (tried - 1) + more)


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    pending: list[str] = list(dict.fromkeys(message.recipients))
    unserved: dict[str, Exception] = {}
    for tried in count(1):
        errors = await run_in_threadpool(refusals, message, transport, pending)
        for who, error in errors.items():
            logger.warning("Try %d for %s: %r", tried, who, error)
        before = {w: e for w, e in unserved.items() if w not in pending}
        unserved = before | errors
        pending = [w for w, e in errors.items() if classify(e) == "transient"]
        if not pending or tried == policy.attempts:
            break
        await sleep(pause(policy, tried))
    return {who: str(error) or repr(error) for who, error in unserved.items()}


def get_delivery(
    transport: Annotated[Transport, Depends(get_transport)],
    policy: Annotated[RetryPolicy, Depends(get_policy)],
    sleep: Annotated[Sleep, Depends(get_sleep)],
    letters: Annotated[list[DeadLetter], Depends(get_dead_letters)],
) -> Delivery:
    """Provide the task (ready)."""

    async def deliver(message: EmailContent) -> None:
        unserved = await send_with_retry(message, transport, policy, sleep)
        for recipient, reason in unserved.items():
            letters.append(DeadLetter(message, [recipient], reason))

    return deliver


app = FastAPI(title="Exercise 9")
DeliveryDep = Annotated[Delivery, Depends(get_delivery)]


@app.post("/send-email/", status_code=202)
async def send_email(
    message: EmailContent, tasks: BackgroundTasks, deliver: DeliveryDep
) -> dict[str, str]:
    """Add the task (ready)."""
    tasks.add_task(deliver, message)
    text = (
        f"Email will be sent to {len(message.recipients)} recipients"
        " in the background"
    )
    return {"status": "success", "message": text}


# Why so: whether to try again is decided for each recipient, since a server
# answers for each: `refusals` brings a reply, a list of replies and an error
# of the whole message to one form, and the loop has one rule. It asks what
# kind of failure it is, never `except OSError`: every SMTPException is one, a
# "no such user" too. Doubling gives a server in trouble time, the random part
# keeps a thousand senders from returning in the same second, and the limit
# keeps a mail from waiting for hours. All of it is `async def`, so a pause
# costs nothing; only the transport blocks, and it has a thread.
#
# Another right way: tenacity's AsyncRetrying, with stop_after_attempt,
# wait_exponential_jitter and `sleep=sleep`, around one try that raises while
# recipients are pending. What remains yours is what it can't know: who is
# served already, and which errors pass.
