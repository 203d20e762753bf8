# Axis: a TaskGroup whose tasks never raise; plain dicts, whole numbers as ids, app.state and a router; the notifier is a closure.

import asyncio
from itertools import count
from typing import Any

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Depends,
    FastAPI,
    HTTPException,
    Request,
)
from pydantic import BaseModel, ConfigDict, EmailStr


class Printed:
    def __init__(self, name):
        self.name = name

    async def send(self, recipient, message):
        print(self.name, recipient, message)


async def get_email_channel():
    yield Printed("email")


def get_sms_channel():
    return Printed("sms")


class GetPush:
    def __call__(self):
        return Printed("push")


get_push_channel = GetPush()


def get_notifier(
    one=Depends(get_email_channel),
    two=Depends(get_sms_channel),
    three=Depends(get_push_channel),
):
    known = {each.name: each for each in (one, two, three)}

    async def notify(addresses, message, entry):
        async def one(name):
            try:
                await known[name].send(addresses[name], message)
            except Exception as exc:
                entry[name] = {
                    "status": "failed",
                    "error": f"{type(exc).__name__}: {exc}",
                }
            else:
                entry[name] = {"status": "delivered", "error": None}

        async with asyncio.TaskGroup() as group:
            for name in entry:
                if entry[name]["status"] == "pending":
                    group.create_task(one(name))

    return known, notify


class Recipient(BaseModel):
    model_config = ConfigDict(extra="allow")
    email: EmailStr


class Wanted(BaseModel):
    recipient: Recipient
    message: str
    channels: set[str]


router = APIRouter(prefix="/notify")


@router.post("/", status_code=202)
async def post(
    wanted: Wanted,
    request: Request,
    tasks: BackgroundTasks,
    notifier=Depends(get_notifier),
):
    known, notify = notifier
    if not wanted.channels or wanted.channels - known.keys():
        raise HTTPException(422, "which channel is that?")
    addresses = wanted.recipient.model_dump()
    state = request.app.state
    number = next(state.numbers)
    state.entries[number] = {
        name: {
            "status": "pending" if name in addresses else "skipped",
            "error": None,
        }
        for name in wanted.channels
    }
    tasks.add_task(notify, addresses, wanted.message, state.entries[number])
    return {"id": number}


@router.get("/{number}")
async def get(number: int, request: Request):
    try:
        return {"id": number, "channels": request.app.state.entries[number]}
    except KeyError:
        raise HTTPException(404) from None


app = FastAPI()
app.state.numbers, app.state.entries = count(), {}
app.include_router(router)
