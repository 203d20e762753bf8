"""The database: one row for each task, which is enough to run it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)

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
    error: Mapped[str | None]
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    # By the database's clock: those of two hosts may differ.
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(
        server_default=sa.func.now(), onupdate=sa.func.now()
    )


ENDED = ("completed", "dead")


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    engine = sa.create_engine(
        get_database_config().database_url,
        pool_size=40,  # one for each thread that runs endpoints and tasks
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
    )
    return sessionmaker(engine, expire_on_commit=False)


SessionFactoryDep = Annotated[
    sessionmaker[Session], Depends(get_session_factory)
]


def get_db(session_factory: SessionFactoryDep) -> Iterator[Session]:
    with session_factory() as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]
