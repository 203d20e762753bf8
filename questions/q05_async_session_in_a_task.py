"""How do I use AsyncSession (asyncpg) in background tasks?

Answer: As with a Session, but more strictly: only one asyncio task at a time
may use an AsyncSession. If two share one session at the same moment,
SQLAlchemy raises "This session is provisioning a new connection; concurrent
operations are not permitted", or asyncpg "cannot perform operation: another
operation is in progress".

Instead: Give each task the row's ID, and let it open a session of its own,
from one `async_sessionmaker`. With `expire_on_commit=False` a row can be read
after its commit without a query. This is stage 5's tracker as an async
application.

Since: all versions. Before FastAPI 0.118 the request's session was closed when
the task began (question 4).

Proof: https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html ("Using
AsyncSession with Concurrent Tasks").

Asked: https://github.com/MagicStack/asyncpg/issues/863
https://github.com/fractal-analytics-platform/fractal-server/issues/661
https://github.com/grillazz/fastapi-sqlalchemy-asyncpg/issues/63

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/tutorial/sql-databases/
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped

URL = os.environ.get("Q05_DATABASE", "sqlite+aiosqlite:///q05.db")
engine = create_async_engine(URL, pool_pre_ping=True)
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase): ...


class TaskLog(Base):
    __tablename__ = "task_logs"

    id: Mapped[int] = sa.orm.mapped_column(primary_key=True)
    status: Mapped[str] = sa.orm.mapped_column(default="scheduled")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_db)]


async def set_status(session: AsyncSession, log_id: int, status: str) -> None:
    query = sa.update(TaskLog).where(TaskLog.id == log_id)
    await session.execute(query.values(status=status))
    await session.commit()


async def work(session: AsyncSession, log_ids: list[int]) -> None:
    await asyncio.gather(*(set_status(session, n, "done") for n in log_ids))


async def track(log_id: int) -> None:
    async with new_session() as session:
        await set_status(session, log_id, "done")


async def work_each_in_its_own(log_ids: list[int]) -> None:
    await asyncio.gather(*map(track, log_ids))


async def schedule_two(session: AsyncSession) -> list[int]:
    logs = [TaskLog(), TaskLog()]
    session.add_all(logs)
    await session.commit()
    return [log.id for log in logs]


@app.post("/wrong")
async def wrong(session: SessionDep, tasks: BackgroundTasks) -> None:
    tasks.add_task(work, session, await schedule_two(session))


@app.post("/right")
async def right(session: SessionDep, tasks: BackgroundTasks) -> None:
    log_ids = await schedule_two(session)
    tasks.add_task(work_each_in_its_own, log_ids)


@app.get("/task-logs")
async def task_logs(session: SessionDep) -> list[str]:
    query = sa.select(TaskLog.status).order_by(TaskLog.id)
    return list(await session.scalars(query))
