"""Exercise 5: a task has a database session of its own.

Story
    Each task has a row in the database, which says what became of it:
    started, completed or failed. But a task that fails stays "started" for
    ever. The task borrows the database session of its request, and that
    session may be closed, or broken, or busy with something else.

Build
    `POST /run-task/{task_name}` commits a row with the status "started",
    answers 202 and {"id": …}, and then the task runs: once, after the
    response. The first half is given. Let the task that `get_task_tracker`
    gives
    - open its sessions itself, from the session factory, while it runs, and
      close them; no session from before the response is used after it,
    - call `work(session, task_name)` with such a session, once,
    - when the work is done, commit what it wrote; the row ends as "completed",
    - when the work raises, undo what it wrote; the row ends as "failed", and
      its `error` holds the exception's text, `str(exc)`,
    - set `completed_at` in either case, to the time at which the task ended,
      in UTC,
    - change no other row.
    You may let the exception go on to the server, or not. Other requests are
    answered while a task works, each task has a session that no other task
    uses, and importing this file opens no database.

Names the checks rely on
    app                  the application; POST /run-task/{task_name} and
                         GET /task-logs/{id}, which is given: the six fields
                         of a row, 404 for an unknown id
    TaskLog              a row (given)
    get_session_factory  gives the sessionmaker (given); it is replaced by one
                         that watches its sessions
    get_work             gives the work (given): a plain function, which may
                         take long, may break its session, and is called by
                         position; it is replaced too
    get_task_tracker     gives the callable that the endpoint adds, `def` or
                         `async def`; it gets factory and work through
                         Depends. You choose its arguments; they have to be
                         plain values, such as the row's id or a name

Builds on exercise 4 and on stages/s05_task_tracker.py. To try it yourself:
uvicorn exercises.ex05_own_session:app; the task "crash" fails.

Notebook: notebooks/05_task_tracker.ipynb
"""

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
    """What became of a task (given)."""

    __tablename__ = "task_logs"

    id: Mapped[int] = column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str] = column(default="started")
    created_at: Mapped[datetime] = column(default=lambda: datetime.now(UTC))
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    """Make the database when it is first asked for (given)."""
    folder = Path(__file__).parents[1] / "data"
    folder.mkdir(exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{folder / 'ex05_own_session.db'}")
    Base.metadata.create_all(engine)
    return sessionmaker(engine, expire_on_commit=False)


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]


def get_session(new_session: SessionsDep) -> Iterator[Session]:
    """Open a session for a request, and close it after it (given)."""
    with new_session() as session:
        yield session


Work = Callable[[Session, str], None]  # takes a session and the task's name


def get_work() -> Work:
    """Stand in for real work, which takes its time (given)."""

    def work(session: Session, task_name: str) -> None:
        time.sleep(2)
        if task_name == "crash":
            raise ValueError("the task has crashed")

    return work


SessionDep = Annotated[Session, Depends(get_session)]
WorkDep = Annotated[Work, Depends(get_work)]
TaskTracker = Callable[..., object]  # takes what you hand over


def track_borrowed(work: Work, log: TaskLog, session: Session) -> None:
    """Work with somebody else's session: to be replaced."""
    work(session, log.task_name)
    log.status = "completed"
    session.commit()


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    # TODO: give a callable that opens its own sessions, works, and records
    # how that ended.
    raise NotImplementedError("get_task_tracker gives no task yet")


# SQLite forgets the time zone; what was stored is UTC.
in_utc = AfterValidator(lambda at: at.replace(tzinfo=at.tzinfo or UTC))


class TaskLogOut(BaseModel, from_attributes=True):
    """A row, as it is shown (given)."""

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
    work: WorkDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    # TODO: this borrows the request's session. Ask for what get_task_tracker
    # gives (a TrackerDep) in place of `work`, add that, and hand over the ID.
    tasks.add_task(track_borrowed, work, log, session)
    return {"id": log.id}


@app.get("/task-logs/{log_id}", response_model=TaskLogOut)
def get_task_log(log_id: int, session: SessionDep) -> TaskLog:
    """Show a row (given)."""
    log = session.get(TaskLog, log_id)
    if log is None:
        raise HTTPException(404, "There is no such task")
    return log
