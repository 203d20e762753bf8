# Axis: who was put off is tried by a task of his own, all at once; a router, dead letters in app.state, pydantic models.

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from smtplib import (
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request
from pydantic import BaseModel, EmailStr, Field

router = APIRouter()
log = logging.getLogger("mail-out")


class EmailContent(BaseModel):
    subject: str
    body: str
    recipients: Annotated[list[EmailStr], Field(min_length=1)]


class RetryPolicy(BaseModel):
    attempts: int = Field(4, ge=1)
    base_delay: float = Field(1, gt=0)
    max_delay: float = Field(60, gt=0)
    jitter: float = Field(0.5, ge=0)


class DeadLetter(BaseModel):
    message: EmailContent
    recipients: list[str]
    reason: str


class Refusal(NamedTuple):
    passes: bool
    why: str


def classify(error: int | Exception) -> bool:
    match error:
        case int(code) | SMTPResponseException(smtp_code=code):
            return code // 100 == 4
        case ConnectionError() | TimeoutError() | SMTPServerDisconnected():
            return True
        case _:
            return False


async def get_policy() -> RetryPolicy:
    return RetryPolicy()


async def get_sleep() -> Any:
    yield asyncio.sleep


def get_dead_letters(request: Request) -> list[DeadLetter]:
    return request.state.letters


def get_transport():
    return lambda message, recipients: print(message.subject, recipients)


async def one_try(message, transport, recipients) -> dict[str, Refusal]:
    loop = asyncio.get_running_loop()
    try:
        refused = await loop.run_in_executor(
            None, transport, message, recipients
        )
    except SMTPRecipientsRefused as error:
        refused = error.recipients
    except Exception as error:
        log.warning("failed: %s", error)
        refusal = Refusal(classify(error), str(error))
        return {who: refusal for who in recipients}
    for who, reply in refused.items():
        log.warning("%s: %s", who, reply)
    return {
        who: Refusal(classify(code), words.decode("latin-1"))
        for who, (code, words) in refused.items()
    }


async def send_with_retry(message, transport, policy, sleep):
    async def go_on(who: str, refusal: Refusal) -> str | None:
        for n in range(1, policy.attempts):
            if not refusal.passes:
                break
            wait = policy.base_delay * 2 ** (n - 1)
            wait += random.uniform(0, policy.jitter)
            await sleep(min(policy.max_delay, wait))
            left = await one_try(message, transport, [who])
            if not left:
                return None
            refusal = left[who]
        return refusal.why

    first = await one_try(message, transport, message.recipients)
    ends = await asyncio.gather(*(go_on(*each) for each in first.items()))
    return {who: why for who, why in zip(first, ends) if why is not None}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    yield {"letters": []}


async def deliver(message, transport, policy, sleep, letters) -> None:
    unserved = await send_with_retry(message, transport, policy, sleep)
    if unserved:
        letters.append(
            DeadLetter(
                message=message,
                recipients=[*unserved],
                reason=" / ".join(unserved.values()),
            )
        )


@router.post("/send-email/", status_code=202)
def send_email(
    message: EmailContent,
    tasks: BackgroundTasks,
    transport: Annotated[Any, Depends(get_transport)],
    policy: Annotated[Any, Depends(get_policy)],
    sleep: Annotated[Any, Depends(get_sleep)],
    letters: Annotated[Any, Depends(get_dead_letters)],
):
    tasks.add_task(deliver, message, transport, policy, sleep, letters)
    return {
        "status": "success",
        "message": f"Email will be sent to {len(message.recipients)}"
        " recipients in the background",
    }


app = FastAPI(lifespan=lifespan)
app.include_router(router)
