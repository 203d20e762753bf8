"""Exercise 9: try again, but not everything.

Story
    The shop's mail server is sometimes too busy, sometimes restarted, and it
    puts off senders that it does not know yet ("451, try again later"). The
    first version of the shop gave up at once, and customers never heard of
    their order. The second tried everything again, and some got the same
    mail five times.

Build
    `send_with_retry(message, transport, policy, sleep)` tries until every
    recipient has the message, or no further try is allowed or helps. It
    returns who was not served, and why: a dict of address to text, empty when
    all have it. The text contains what the server said. It does not raise,
    whatever the transport raises and whatever bytes a server says, UTF-8 or
    not. The endpoint is given, and so is the task, which keeps what is
    returned as dead letters.

    `transport(message, recipients)` is one try for a list of addresses. It
    blocks, and there are three ways in which it ends:
    - it returns {}: all were served;
    - it returns {address: (code, words), …}: these were refused, the others
      of the list were served. `words` are bytes;
    - it raises what smtplib raises, or anything else: none was served. When
      every address was refused, that is SMTPRecipientsRefused, and its
      attribute `recipients` is a dict like the one above.

    Transient, so worth another try: ConnectionError, TimeoutError,
    smtplib.SMTPServerDisconnected, and every reply with a code from 400 to
    499, in the dict or as `smtp_code` of an exception. All else is permanent
    and not tried again: 5xx, a refused login, errors that nobody expected.
    - An address that was refused for now is tried again alone, without
      those that are served or refused for good. Nobody gets a mail twice.
    - `policy.attempts` counts all tries of a message, the first included.
      Each message has its own.
    - After try n (1, 2, …) pause by `sleep(seconds)`, for base_delay *
      2**(n-1) seconds plus a random part from 0 to `jitter` seconds, but no
      longer than max_delay. After the last try there is no pause.
    - Each try that fails leaves a record of the module `logging`.
    - While a mail is sent, the application answers others.

Names the checks rely on
    app               the application
    EmailContent      subject, body, recipients (none comes twice; given)
    RetryPolicy       attempts, base_delay, max_delay, jitter (given)
    DeadLetter        message, recipients, reason (given)
    send_with_retry   as above; `async def`, or a plain `def`: then make
                      `deliver` a `def` as well, and let `get_sleep` give
                      time.sleep. The checks also call it themselves.
    get_transport, get_policy, get_sleep, get_dead_letters
                      give what it needs (given). All four are replaced:
                      `sleep` by something that may be called or awaited, the
                      dead letters by something that has `append`.
    `classify` is your own: the checks do not call it. Tenacity is installed,
    if you would rather use it.

Now on a queue (not graded)
    Your pauses end with the process, and so do the tries that are left. In
    stages/s06_at_work/tasks.py the row counts the tries, and in
    stages/s07_celery/worker.py Celery makes the pauses. Each recipient has a
    task there, and every error is tried again, a 550 as well. Make it yours:
    let the tracker in tasks.py call a task dead at once where your `classify`
    says that the failure is permanent, and find your dead letters among the
    rows: which columns hold what a DeadLetter has? With
    `python3 start.py stage 7` running, kill the worker between two tries:
    what is tried again, and what is not?

Builds on exercise 4 and on stages/s04_email_service.py. To try it yourself:
uvicorn exercises.ex09_email_retry:app. `python -m aiosmtpd -n`, in a second
terminal, is a mail server that prints what it gets: start it a while after
you have posted, as if it had been away. SMTP_SERVER and SMTP_PORT name
another one.

Notebook: notebooks/projects.ipynb
"""

import asyncio
import logging
import os
import random
import smtplib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Annotated, Literal

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, EmailStr, Field

logger = logging.getLogger(__name__)


class EmailContent(BaseModel):
    """What the client posts (given)."""

    subject: str = Field(pattern=r"^[^\r\n]*$")
    body: str
    recipients: list[EmailStr] = Field(min_length=1)


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try, and how long to wait in between (given)."""

    attempts: int  # all tries, the first included
    base_delay: float  # seconds
    max_delay: float
    jitter: float


@dataclass(frozen=True)
class DeadLetter:
    """A message that some were not served with (given)."""

    message: EmailContent
    recipients: list[str]
    reason: str


Reply = tuple[int, bytes]  # an SMTP server's, as in (550, b"no such user")
Transport = Callable[[EmailContent, list[str]], dict[str, Reply]]
Sleep = Callable[[float], Awaitable[object]]
Delivery = Callable[[EmailContent], Awaitable[None]]

DEAD_LETTERS: list[DeadLetter] = []


def get_policy() -> RetryPolicy:
    """Provide the policy (given)."""
    return RetryPolicy(attempts=5, base_delay=1, max_delay=30, jitter=1)


def get_sleep() -> Sleep:
    """Provide what waits (given)."""
    return asyncio.sleep


def get_dead_letters() -> list[DeadLetter]:
    """Provide the place for what could not be delivered (given)."""
    return DEAD_LETTERS


def get_server() -> tuple[str, int]:
    """Say where the mail server listens (given)."""
    port = int(os.environ.get("SMTP_PORT", "8025"))
    return os.environ.get("SMTP_SERVER", "localhost"), port


def get_transport(
    server: Annotated[tuple[str, int], Depends(get_server)],
) -> Transport:
    """Provide what talks to the mail server, and blocks (given)."""

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
    # TODO: say whether another try may help.
    raise NotImplementedError("classify knows no error yet")


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    # TODO: try, and try again; tell who was not served, and why.
    raise NotImplementedError("send_with_retry sends nothing yet")


def get_delivery(
    transport: Annotated[Transport, Depends(get_transport)],
    policy: Annotated[RetryPolicy, Depends(get_policy)],
    sleep: Annotated[Sleep, Depends(get_sleep)],
    letters: Annotated[list[DeadLetter], Depends(get_dead_letters)],
) -> Delivery:
    """Provide the task (given)."""

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
    """Add the task (given)."""
    tasks.add_task(deliver, message)
    text = (
        f"Email will be sent to {len(message.recipients)} recipients"
        " in the background"
    )
    return {"status": "success", "message": text}
