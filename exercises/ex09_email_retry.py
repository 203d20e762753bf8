"""Exercise 9: try again, but not everything.

Story
    The shop's mail server is sometimes too busy, sometimes restarted, and it
    refuses the first mails of a new sender ("451, try again later"). The
    first version of the shop gave up at once, and customers got no mail about
    their order. The second version tried everything again, and some customers
    got the same mail five times.

Build
    `send_with_retry(message, transport, policy, sleep)` tries until every
    recipient has the message. It stops earlier if no try is left, or if no
    further try can help. It returns a dict of the recipients that did not get
    the message. A key is an address, its value is a text with the reason, and
    the text contains the server's reply. The dict is empty when all got it.
    `send_with_retry` must never raise an exception: the transport may raise
    any exception, and a server may send any bytes, UTF-8 or not. The endpoint
    and the task are ready: the task keeps the returned dict as dead letters.

    `transport(message, recipients)` is one try for a list of addresses. It
    blocks, and can end in three ways:
    - it returns {}: all got the message;
    - it returns {address: (code, words), …}: these were refused, and the
      other addresses of the list got the message. `words` are bytes;
    - it raises an exception, of smtplib or any other: nobody got the message.
      When every address was refused, it is SMTPRecipientsRefused, and its
      attribute `recipients` is a dict like the one above.

    These failures are transient, so try again: ConnectionError, TimeoutError,
    smtplib.SMTPServerDisconnected, and every reply with a code from 400 to
    499, in the dict or as `smtp_code` of an exception. All other failures are
    permanent: do not try again after a 5xx, a refused login, or an unexpected
    exception.
    - Each further try is only for the addresses that had a transient failure,
      not for those that got the message or were refused permanently. Nobody
      must get a mail twice.
    - `policy.attempts` is the number of tries of one message, the first
      included. Each message has its own tries.
    - After try n (1, 2, …) pause with `sleep(seconds)`, for base_delay *
      2**(n-1) seconds plus a random part from 0 to `jitter` seconds, but no
      longer than max_delay. After the last try there is no pause.
    - Log each try that fails, with the module `logging`.
    - While a mail is sent, the application must answer other requests.

Names that the checks use
    app               the application
    EmailContent      subject, body, recipients (none comes twice; ready)
    RetryPolicy       attempts, base_delay, max_delay, jitter (ready)
    DeadLetter        message, recipients, reason (ready)
    send_with_retry   as above; `async def`, or a plain `def`: then make
                      `deliver` a `def` too, and `get_sleep` must return
                      time.sleep. The checks also call it directly.
    get_transport, get_policy, get_sleep, get_dead_letters
                      return the other arguments of send_with_retry, and the
                      dead letters (ready). The checks replace all four:
                      `sleep` by an object that may be called or awaited, the
                      dead letters by an object that has `append`.
    The checks do not call `classify`. You may also use the library Tenacity,
    which is installed.
    Do not change these names. (ready) means: already written.

Now on a queue (not graded)
    When the process ends, your pauses and the remaining tries are lost. In
    stages/s06_at_work/tasks.py the row counts the tries, and in
    stages/s07_celery/worker.py Celery makes the pauses. Each recipient has a
    task there, and every error is tried again, also a 550. Change that: if
    your `classify` says that a failure is permanent, the tracker in tasks.py
    must set the task to "dead" at once. Then find your dead letters in the
    rows: which columns contain the fields of a DeadLetter? Start
    `python3 start.py stage 7`, and kill the worker between two tries: what is
    tried again, and what is not?

Builds on exercise 4 and on stages/s04_email_service.py. To try it yourself:
python3 start.py try 9. `python -m aiosmtpd -n`, in a second
terminal, is a mail server that prints each mail: start it some seconds after
your request, as if it had been down. To use another server, set SMTP_SERVER
and SMTP_PORT.

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
    # TODO: say whether another try may help.
    raise NotImplementedError("classify knows no error yet")


async def send_with_retry(
    message: EmailContent,
    transport: Transport,
    policy: RetryPolicy,
    sleep: Sleep,
) -> dict[str, str]:
    # TODO: try, and try again; return who did not get the message, and why.
    raise NotImplementedError("send_with_retry sends nothing yet")


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
