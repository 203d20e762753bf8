"""A request that is repeated with its Idempotency-Key is done once."""

from hashlib import sha256
from typing import Annotated, NamedTuple

import sqlalchemy as sa
from fastapi import Depends, Header, HTTPException, Request
from sqlalchemy.orm import Session

from stages.s06_at_work.database import TaskLog

KEY = r"^[!-~]{1,200}$"  # visible ASCII


class Once(NamedTuple):
    key: str
    fingerprint: str  # of all that was asked


async def get_once(
    request: Request,
    idempotency_key: Annotated[str | None, Header(pattern=KEY)] = None,
) -> Once | None:
    if idempotency_key is None:
        return None
    asked = request.url.path.encode() + b"\n" + await request.body()
    return Once(idempotency_key, sha256(asked).hexdigest())


OnceDep = Annotated[Once | None, Depends(get_once)]


def is_repeated(session: Session, once: Once) -> bool:
    """Say whether the rows of this request are there; refuse another's."""
    query = sa.select(TaskLog.fingerprint)
    fingerprint = session.scalar(
        query.where(TaskLog.idempotency_key == once.key)
    )
    if fingerprint not in (None, once.fingerprint):
        raise HTTPException(
            422, "This Idempotency-Key was used for another request"
        )
    return fingerprint is not None
