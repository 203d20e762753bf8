"""Exercise 11, solved: one notification, many channels."""

import asyncio
from typing import Annotated, Literal, Protocol
from uuid import uuid4

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
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


class Notifier:
    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name: channel for channel in channels}

    async def notify(self, to: Notification, report: Report) -> None:
        """Send by all channels of a report, and write the results there."""
        await asyncio.gather(
            *(
                self._send(
                    name, to.recipient.address(name), to.message, result
                )
                for name, result in report.channels.items()
            )
        )

    async def _send(
        self, name: str, address: str | None, message: str, result: Result
    ) -> None:
        if address is None:
            result.status = "skipped"
            return
        try:
            await self.channels[name].send(address, message)
        except Exception as exc:
            result.status, result.error = "failed", str(exc)
        else:
            result.status = "delivered"


def get_notifier(
    email: Annotated[Channel, Depends(get_email_channel)],
    sms: Annotated[Channel, Depends(get_sms_channel)],
    push: Annotated[Channel, Depends(get_push_channel)],
) -> Notifier:
    return Notifier(email, sms, push)


app = FastAPI(title="Exercise 11")
NotifierDep = Annotated[Notifier, Depends(get_notifier)]


@app.post("/notify/", status_code=202)
async def notify(
    notification: Notification, tasks: BackgroundTasks, notifier: NotifierDep
) -> dict[str, str]:
    wanted = dict.fromkeys(notification.channels)  # each once, in order
    unknown = [name for name in wanted if name not in notifier.channels]
    if unknown:
        raise HTTPException(422, f"unknown channels: {', '.join(unknown)}")
    report = Report(id=uuid4().hex, channels={n: Result() for n in wanted})
    reports[report.id] = report
    tasks.add_task(notifier.notify, notification, report)
    return {"id": report.id}


@app.get("/notify/{notification_id}")
async def show(notification_id: str) -> Report:
    """Say how each channel of a notification ended (ready)."""
    if notification_id not in reports:
        raise HTTPException(404, "no such notification")
    return reports[notification_id]


# Why so: Starlette runs the tasks of a request one after the other and drops
# those after one that raises; so there is one task, and in it the channels run
# together. An exception ends in the coroutine of its own channel, where it is
# known whose it is: `gather` never sees one, so none is cancelled or lost. The
# notifier knows channels and no request, so it can be shared; what belongs to
# a request goes in as arguments, and its results into a report of its own. The
# names come from the channels themselves: a new one is a new dependency.
#
# Another right way: `gather(*sends, return_exceptions=True)` in place of the
# `try`, and its list read beside the names; a status then changes only when
# the slowest channel is done.
