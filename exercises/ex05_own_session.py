"""Exercise 5: a task has its own database session.

Story
    Each task has a row in the database, which says how it ended: completed
    or failed. But a task that fails stays "started" for ever. The task uses
    the database session of its request, and that session may be closed, in a
    failed state, or in use elsewhere.

Build
    `POST /run-task/{task_name}` already commits a row with the status
    "started", and answers 202 and {"id": …}. Your part is the task, which
    must run once, after the response. The task that `get_task_tracker`
    returns must
    - open its own sessions from the session factory, while it runs, and close
      them; after the response, it must not use a session that was opened
      before it,
    - call `work(session, task_name)` with such a session, once,
    - when the work has ended, commit the work's changes; at the end, the
      status of the row is "completed",
    - when the work raises an exception, undo the work's changes; at the end,
      the status of the row is "failed", and its `error` is the exception's
      text, `str(exc)`,
    - in both cases, set `completed_at` to the time at which the task ended,
      in UTC,
    - change no other row.
    You may raise the exception again, but you need not. The server must
    answer other requests while a task runs. Two tasks must not use the same
    session. Importing this file must not open a database.

Names that the checks use
    app                  the application; POST /run-task/{task_name} and
                         GET /task-logs/{id} (ready), which returns the six
                         fields of a row, or 404 for an unknown id
    TaskLog              a row (ready)
    get_session_factory  returns the sessionmaker (ready); the checks replace
                         it by one that records each session
    get_work             returns the work (ready), a plain `def`. It can be
                         slow, and can put its session into a failed state.
                         Call it as work(session, task_name). The checks
                         replace it
    get_task_tracker     returns the function that the endpoint adds, `def` or
                         `async def`; get_task_tracker gets factory and work
                         through Depends. You choose the arguments of the
                         function; they have to be plain values, such as the
                         row's id or a name
    Do not change these names. (ready) means: already written.

Builds on exercise 4 and on stages/s05_task_tracker.py. To try it yourself:
python3 start.py try 5
The task with the name "crash" fails.

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
TaskTracker = Callable[..., object]  # takes the arguments that you pass


def track_borrowed(work: Work, log: TaskLog, session: Session) -> None:
    """Use the request's session, which is wrong: replace this function."""
    work(session, log.task_name)
    log.status = "completed"
    session.commit()


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    # TODO: return a function that opens its own sessions, calls the work,
    # and writes "completed" or "failed" into the row.
    raise NotImplementedError("get_task_tracker gives no task yet")


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
    work: WorkDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    # TODO: this uses the request's session. Replace the parameter `work` by
    # `tracker: TrackerDep`. Add `tracker` as the task, and pass the row's ID.
    tasks.add_task(track_borrowed, work, log, session)
    return {"id": log.id}


@app.get("/task-logs/{log_id}", response_model=TaskLogOut)
def get_task_log(log_id: int, session: SessionDep) -> TaskLog:
    """Show a row (ready)."""
    log = session.get(TaskLog, log_id)
    if log is None:
        raise HTTPException(404, "There is no such task")
    return log
