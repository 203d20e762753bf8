"""Stage 5 as it must not be: the task borrows the request's session."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

# One database in memory, for every thread: StaticPool shares the connection.
engine = sa.create_engine(
    "sqlite://",
    poolclass=StaticPool,
    connect_args={"check_same_thread": False},
)


class Base(DeclarativeBase):
    """Where SQLAlchemy keeps the tables."""


class TaskLog(Base):
    """What became of a task."""

    __tablename__ = "task_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str] = mapped_column(default="scheduled")


def get_db() -> Iterator[Session]:
    """Open a database session for the request, and close it after that."""
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]


def track_task(log_id: int, db: Session) -> None:
    """Work in the request's session: FastAPI decides whether it is open."""
    db.execute(
        sa.update(TaskLog).filter_by(id=log_id).values(status="started")
    )
    time.sleep(0.1)
    db.execute(sa.update(TaskLog).filter_by(id=log_id).values(status="done"))
    db.commit()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the table."""
    Base.metadata.create_all(engine)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/run-task/{task_name}")
def run_task(
    task_name: str, background_tasks: BackgroundTasks, db: SessionDep
) -> dict[str, str]:
    """Commit a row, then hand over the session itself: that is the mistake."""
    log = TaskLog(task_name=task_name)
    db.add(log)
    db.commit()
    background_tasks.add_task(track_task, log.id, db)
    return {"message": f"Task '{task_name}' scheduled"}
