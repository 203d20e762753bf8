"""The database: one row for each task, which is enough to run it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)

from stages.s06_at_work.connections import make_engine
from stages.s06_at_work.settings import get_database_config


class Base(DeclarativeBase):
    type_annotation_map = {
        datetime: sa.DateTime(timezone=True),
        dict[str, Any]: sa.JSON,
    }


def utc_now() -> datetime:
    return datetime.now(UTC)


class TaskLog(Base):
    __tablename__ = "task_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_name: Mapped[str]  # what the caller asked for
    kind: Mapped[str]  # the function that runs it,
    payload: Mapped[dict[str, Any]]  # and its arguments
    status: Mapped[str] = mapped_column(default="scheduled", index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]  # for everybody to see; the log has the whole
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    fingerprint: Mapped[str | None]  # of the request that had the key
    # By the database's clock: those of two hosts may differ.
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(
        server_default=sa.func.now(), onupdate=sa.func.now()
    )


OPEN = ("scheduled", "started", "failed")
ENDED = ("completed", "dead")


# An UPDATE of the table, not of objects, and built once: that halves its time.
TABLE = Base.metadata.tables[TaskLog.__tablename__]
OPEN_ROW = (
    sa.update(TABLE)
    .where(TABLE.c.id == sa.bindparam("log_id"))
    .where(TABLE.c.status.not_in(ENDED))
    .returning(
        *(TABLE.c.kind, TABLE.c.payload, TABLE.c.status, TABLE.c.attempts)
    )
)


def get_now(session: Session) -> datetime:
    """Ask the database: the clocks of two hosts may differ."""
    return session.scalars(sa.select(sa.func.now())).one()


def untouched_for(session: Session, seconds: float) -> sa.ColumnElement[bool]:
    then = get_now(session) - timedelta(seconds=seconds)
    return TaskLog.updated_at < then


def record(session: Session, log_id: int, **values: object) -> Any:
    """Write to a task's row and return it; None if the task has ended."""
    query = OPEN_ROW.values(values)
    return session.execute(query, {"log_id": log_id}).one_or_none()


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    engine = make_engine(get_database_config())
    return sessionmaker(engine, expire_on_commit=False)


SessionFactoryDep = Annotated[
    sessionmaker[Session], Depends(get_session_factory)
]


async def get_db(session_factory: SessionFactoryDep) -> AsyncIterator[Session]:
    """Give a request its session.

    `async def`: to make a session is no I/O, and a change of thread costs
    more than that. To close one is I/O where a transaction is still open.
    """
    session = session_factory()
    try:
        yield session
    finally:
        if session.in_transaction():
            await run_in_threadpool(session.close)


SessionDep = Annotated[Session, Depends(get_db)]
