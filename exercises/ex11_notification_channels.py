"""Exercise 11: many channels; if one fails, the others still send.

Story
    The shop writes to its customers by e-mail, SMS and push. Each channel
    has its own provider, and each provider is sometimes down. Last week the
    e-mail provider was down, and nobody got an SMS either. Next month there
    will be one more channel, and then nobody should have to change the
    endpoint.

Build
    `POST /notify/` takes a recipient, a message and the names of channels:
        {"recipient": {"email": "ada@example.com", "sms": "+41791234567"},
         "message": "Your parcel is here", "channels": ["email", "sms"]}
    It answers 202 and {"id": …} at once, and sends after the response.
    `GET /notify/{id}` (ready) says how each channel ended.

    `get_notifier` combines the three channels from `get_email_channel`,
    `get_sms_channel` and `get_push_channel`. You decide what it returns.
    - Only its `name` identifies a channel. If `get_push_channel` returns one
      called "pigeon", then clients can use "pigeon", but not "push". If a
      name is unknown, or the list of channels is empty, the whole request is
      a 422 and nothing is sent.
    - Use only the channels that the request names: each once, even if its
      name comes twice.
    - The recipient has one address for each channel, under the channel's
      name; `send` gets that address and the message. A channel without an
      address is "skipped", at once or at the end. You decide whether "" is
      an address.
    - All channels send at the same time: the SMS does not wait until the
      e-mail is sent. Each `send` is awaited on the application's event loop.
    - If one channel fails, the others must still send.
    - The status of a channel is "pending" at first. Set it to "delivered"
      after its `send` has returned: immediately, or when all channels are
      done. Set it to "failed" when `send` has raised an exception: then
      `error` is the exception's text, else null.
    - Two notifications share nothing, even if they come at the same time:
      `get_sms_channel` may return another channel for each request.

Names that the checks use
    app                the application
    get_email_channel  returns the channel called "email" (ready)
    get_sms_channel    returns the channel called "sms" (ready)
    get_push_channel   returns the channel called "push" (ready)
    get_notifier       combines the three channels
    The checks replace the first three through `app.dependency_overrides`: get
    each of them through Depends. The channels of the checks have only `name`
    and `send`.
    Do not change these names. (ready) means: already written.

Builds on exercises 2 and 3 and on stages/s03_chained_dependencies.py. To try
it yourself: python3 start.py try 11

Notebook: notebooks/projects.ipynb
"""

import asyncio
from typing import Annotated, Literal, Protocol
from uuid import uuid4

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, EmailStr, Field


class Channel(Protocol):
    """A way to reach somebody. `send` raises when it fails (ready)."""

    name: str

    async def send(self, recipient: str, message: str) -> None: ...


class PrintedChannel:
    """Imitate a provider (ready)."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, recipient: str, message: str) -> None:
        print(f"{self.name} to {recipient}: {message}")


def get_email_channel() -> Channel:
    """Provide the channel "email" (ready)."""
    return PrintedChannel("email")


def get_sms_channel() -> Channel:
    """Provide the channel "sms" (ready)."""
    return PrintedChannel("sms")


def get_push_channel() -> Channel:
    """Provide the channel "push" (ready)."""
    return PrintedChannel("push")


class Recipient(BaseModel, extra="allow"):
    """One address for each channel, under the channel's name (ready)."""

    __pydantic_extra__: dict[str, str]
    email: EmailStr | None = None

    def address(self, channel: str) -> str | None:
        """Return the address for a channel, or None if there is none."""
        found: str | None = self.model_dump().get(channel)
        return found


class Notification(BaseModel):
    """What the client wants to send (ready)."""

    recipient: Recipient
    message: str
    channels: list[str] = Field(min_length=1)


class Result(BaseModel):
    """How one channel ended (ready)."""

    status: Literal["pending", "delivered", "failed", "skipped"] = "pending"
    error: str | None = None


class Report(BaseModel):
    """How each channel of a notification ended (ready)."""

    id: str
    channels: dict[str, Result]


reports: dict[str, Report] = {}  # by id; instead of a database (ready)


def get_notifier() -> object:
    # TODO: combine the three channels; return an object that can use each of
    # them by its name.
    raise NotImplementedError("get_notifier combines nothing yet")


app = FastAPI(title="Exercise 11")


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks
) -> dict[str, str]:
    # TODO: refuse unknown names, keep a report, and notify in a task.
    raise NotImplementedError("notify sends nothing yet")


@app.get("/notify/{notification_id}")
async def show(notification_id: str) -> Report:
    """Say how each channel of a notification ended (ready)."""
    if notification_id not in reports:
        raise HTTPException(404, "no such notification")
    return reports[notification_id]
