"""Exercise 5, solved: a task has its own database session."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from pydantic import AfterValidator, BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker
from sqlalchemy.orm import mapped_column as column


class Base(DeclarativeBase):
    type_annotation_map = {datetime: sa.DateTime(timezone=True)}


class TaskLog(Base):
    """One task: its name, status, times and error (ready)."""

    __tablename__ = "task_logs"

    id: Mapped[int] = column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str] = column(default="started")
    created_at: Mapped[datetime] = column(default=lambda: datetime.now(UTC))
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    """Make the database at the first call (ready)."""
    folder = Path(__file__).parents[1] / "data"
    folder.mkdir(exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{folder / 'ex05_own_session.db'}")
    Base.metadata.create_all(engine)
    return sessionmaker(engine, expire_on_commit=False)


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]


def get_session(new_session: SessionsDep) -> Iterator[Session]:
    """Open a session for a request; close it after the request (ready)."""
    with new_session() as session:
        yield session


Work = Callable[[Session, str], None]  # takes a session and the task's name


def get_work() -> Work:
    """Imitate real work, which takes some time (ready)."""

    def work(session: Session, task_name: str) -> None:
        time.sleep(2)
        if task_name == "crash":
            raise ValueError("the task has crashed")

    return work


SessionDep = Annotated[Session, Depends(get_session)]
WorkDep = Annotated[Work, Depends(get_work)]
TaskTracker = Callable[[int, str], None]  # takes the row's ID and a name


def end(log: TaskLog, status: str, error: str | None = None) -> None:
    log.status, log.error = status, error
    log.completed_at = datetime.now(UTC)


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            with new_session.begin() as session:  # fresh: the other is undone
                end(session.get_one(TaskLog, log_id), "failed", str(exc))
            raise

    return track


# SQLite forgets the time zone; what was stored is UTC.
in_utc = AfterValidator(lambda at: at.replace(tzinfo=at.tzinfo or UTC))


class TaskLogOut(BaseModel, from_attributes=True):
    """A row, as it is shown (ready)."""

    id: int
    task_name: str
    status: str
    created_at: Annotated[datetime, in_utc]
    completed_at: Annotated[datetime, in_utc] | None
    error: str | None


app = FastAPI(title="Exercise 5")
TrackerDep = Annotated[TaskTracker, Depends(get_task_tracker)]


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    tasks.add_task(track, log.id, task_name)
    return {"id": log.id}


@app.get("/task-logs/{log_id}", response_model=TaskLogOut)
def get_task_log(log_id: int, session: SessionDep) -> TaskLog:
    """Show a row (ready)."""
    log = session.get(TaskLog, log_id)
    if log is None:
        raise HTTPException(404, "There is no such task")
    return log


# Why so: a session belongs to one piece of work at a time, from where it is
# opened to where it is closed. The request's ends with the request; the task
# begins later, so it opens its own, and all that crosses over is an ID. The
# work and "completed" share one transaction: both are there or neither is. A
# failure rolls that transaction back, so it is recorded in a fresh one; a
# record within the first would be undone with it. Then the exception goes
# on, for the server's log. `track` is a plain `def`: it runs in a worker
# thread, where work that blocks holds up nobody.
#
# Another right way: one session for both, as in `try: work(…)`,
# `except Exception as exc: session.rollback()`, and then the record and one
# `commit()` for either end. The rollback must come first: a session whose
# flush has failed refuses everything else.
