# Axis: create_task in place of BackgroundTasks, kept by a class that the lifespan makes and waits for; UUIDs; a duplicate is refused.

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, EmailStr, field_validator


class Printed:
    def __init__(self, name):
        self.name = name

    async def send(self, recipient, message):
        print(self.name, recipient, message)


def get_email_channel():
    return Printed("email")


def get_sms_channel():
    return Printed("sms")


def get_push_channel():
    return Printed("push")


class Body(BaseModel):
    recipient: dict[str, str]
    message: str
    channels: list[str]

    @field_validator("channels")
    @classmethod
    def some(cls, channels):
        if not channels or len(set(channels)) < len(channels):
            raise ValueError("each channel once, and at least one")
        return channels


class Email(BaseModel):
    email: EmailStr | None = None


@dataclass
class Book:
    sends: dict = field(default_factory=dict)  # by id and channel
    skipped: dict = field(default_factory=dict)

    def status(self, send):
        if send is None:
            return {"status": "skipped", "error": None}
        if not send.done():
            return {"status": "pending", "error": None}
        exc = send.exception()
        return {
            "status": "failed" if exc else "delivered",
            "error": exc and str(exc),
        }


class Notifier:
    def __init__(
        self,
        request: Request,
        email=Depends(get_email_channel),
        sms=Depends(get_sms_channel),
        push=Depends(get_push_channel),
    ):
        self.known = {c.name: c for c in [email, sms, push]}
        self.book = request.state.book

    def start(self, body):
        try:
            Email.model_validate(body.recipient)
            picked = {name: self.known[name] for name in body.channels}
        except (KeyError, ValueError) as exc:
            raise HTTPException(422, str(exc)) from None
        number = uuid4()
        self.book.sends[number] = {
            name: asyncio.ensure_future(
                c.send(body.recipient[name], body.message)
            )
            if name in body.recipient
            else None
            for name, c in picked.items()
        }
        return number


get_notifier = Notifier


@asynccontextmanager
async def lifespan(_):
    book = Book()
    yield {"book": book}
    running = [
        send
        for sends in book.sends.values()
        for send in sends.values()
        if send
    ]
    await asyncio.gather(*running, return_exceptions=True)


app = FastAPI(lifespan=lifespan)


@app.post("/notify/", status_code=202)
async def notify(body: Body, notifier: Notifier = Depends(get_notifier)):
    return {"id": notifier.start(body)}


@app.get("/notify/{number}")
async def show(number: UUID, request: Request):
    book = request.state.book
    if number not in book.sends:
        raise HTTPException(404)
    found = book.sends[number]
    return {
        "id": number,
        "channels": {n: book.status(s) for n, s in found.items()},
    }
