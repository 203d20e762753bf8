"""Exercise 11: one notification, many channels, none stops another.

Story
    The shop writes to its customers by e-mail, SMS and push. Each channel
    has a provider of its own, and each of them is down now and then. Last
    week the e-mail provider was down, and nobody got an SMS either. Next
    month there will be one channel more, and the endpoint must not change
    for it.

Build
    `POST /notify/` takes a recipient, a message and the names of channels:
        {"recipient": {"email": "ada@example.com", "sms": "+41791234567"},
         "message": "Your parcel is here", "channels": ["email", "sms"]}
    It answers 202 and {"id": …} at once, and sends when it has answered.
    `GET /notify/{id}` (given) says what became of each channel.

    `get_notifier` combines the three channels that `get_email_channel`,
    `get_sms_channel` and `get_push_channel` give. What it gives is your own
    design.
    - A channel is known by its `name`, and by nothing else. If
      `get_push_channel` gives one called "pigeon", then "pigeon" can be asked
      for and "push" can't. If a name is unknown, or the list of channels is
      empty, the whole request is a 422 and nothing is sent.
    - Only the channels that are asked for are used: each once, even if its
      name comes twice.
    - The recipient has one address for each channel, under the channel's
      name; `send` gets that address and the message. A channel without an
      address is "skipped", at once or at the end (you decide what "" means).
    - All channels send at the same time: the SMS does not wait until the
      e-mail is sent. Each `send` is awaited on the application's event loop.
    - If one fails, the others go on as if nothing had happened.
    - The status of a channel is "pending" at first. It is "delivered" when
      its `send` has returned or when all are done, never before; "failed"
      when it has raised: then `error` has the exception's text, else null.
    - Two notifications share nothing, even if they come at the same time:
      `get_sms_channel` may give each request another channel.

Names the checks rely on
    app                the application
    get_email_channel  gives the channel called "email" (given)
    get_sms_channel    gives the channel called "sms" (given)
    get_push_channel   gives the channel called "push" (given)
    get_notifier       combines what the three give
    The checks replace the first three by `app.dependency_overrides`: ask for
    each through Depends. What replaces them has `name` and `send`, and no
    more.

Builds on exercises 2 and 3 and on stages/s03_chained_dependencies.py. To try
it yourself: uvicorn exercises.ex11_notification_channels:app

Notebook: notebooks/projects.ipynb
"""

import asyncio
from typing import Annotated, Literal, Protocol
from uuid import uuid4

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, EmailStr, Field


class Channel(Protocol):
    """A way to reach somebody. `send` raises when it fails (given)."""

    name: str

    async def send(self, recipient: str, message: str) -> None: ...


class PrintedChannel:
    """Stand in for a provider (given)."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, recipient: str, message: str) -> None:
        print(f"{self.name} to {recipient}: {message}")


def get_email_channel() -> Channel:
    """Provide the channel "email" (given)."""
    return PrintedChannel("email")


def get_sms_channel() -> Channel:
    """Provide the channel "sms" (given)."""
    return PrintedChannel("sms")


def get_push_channel() -> Channel:
    """Provide the channel "push" (given)."""
    return PrintedChannel("push")


class Recipient(BaseModel, extra="allow"):
    """One address for each channel, under the channel's name (given)."""

    __pydantic_extra__: dict[str, str]
    email: EmailStr | None = None

    def address(self, channel: str) -> str | None:
        """Return the address for a channel, or None if there is none."""
        found: str | None = self.model_dump().get(channel)
        return found


class Notification(BaseModel):
    """What is to be sent (given)."""

    recipient: Recipient
    message: str
    channels: list[str] = Field(min_length=1)


class Result(BaseModel):
    """What became of one channel (given)."""

    status: Literal["pending", "delivered", "failed", "skipped"] = "pending"
    error: str | None = None


class Report(BaseModel):
    """What became of a notification (given)."""

    id: str
    channels: dict[str, Result]


reports: dict[str, Report] = {}  # by id; in place of a database (given)


def get_notifier() -> object:
    # TODO: combine the three channels; give what can notify by their names.
    raise NotImplementedError("get_notifier combines nothing yet")


app = FastAPI(title="Exercise 11")


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks
) -> dict[str, str]:
    # TODO: refuse unknown names, keep a report, and notify in a task.
    raise NotImplementedError("notify sends nothing yet")


@app.get("/notify/{notification_id}")
async def show(notification_id: str) -> Report:
    """Say what became of a notification (given)."""
    if notification_id not in reports:
        raise HTTPException(404, "no such notification")
    return reports[notification_id]
