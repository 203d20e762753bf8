"""Exercise 13: the same task, in this process or on a queue.

Story
    The shop's server is restarted every night, and all its waiting tasks are
    lost. Soon the work will move to another machine. So the endpoint must not
    depend on the process that does the work: it writes a row, and passes a
    name and a few values to a *runner*. The process that gets them does the
    work. It may get a task twice, or get it after another process was killed
    during the work.

Build
    `POST /run-task/{task_name}` writes a row with this name, commits it,
    calls `runner.enqueue(name, **kwargs)` once, and answers 202 and
    {"id": …}, the row's id. It does not run the task itself. You choose the
    name and the kwargs that it enqueues. The kwargs must be JSON, so no row,
    no session, no function. `enqueue` returns an id of the queue, not the
    row's id.

    `get_tasks` returns the tasks by name, as a dict or anything else that can
    be indexed. `tasks[name](**kwargs)` does one delivery:
    - when the row is "completed" it does nothing, also if another process has
      completed it (if the row is "dead", you decide what it does);
    - else it counts the try in `attempts` and calls the work once, with the
      task's name, also when an earlier try has failed or was killed;
    - the row is "completed" when the work has ended, not before;
    - when the work raises an exception, the delivery raises one too.

    `get_runner` looks at the settings. With the backend "inprocess" it
    returns a runner that delivers after the response, in this process. If the
    work raises an exception, the runner delivers again, after `retry_delay`
    seconds. There are `max_attempts` tries in all. When the last one has
    failed, the row is "dead" and its `error` contains the exception's text.
    "completed" and "dead" are final; you choose the names of all other
    states.

Second part: a real queue
    The checks of this part begin when the first part is right, and start a
    broker. With the backend "queue" the runner puts name and kwargs into a
    real queue at `url`, and no task runs in the web process. `run_worker()`
    serves that queue until SIGTERM, with the same tasks and the same final
    states. When the broker is down, the request is answered with 503 and a
    Retry-After within five seconds. You choose the library: RQ needs the
    least code, Celery and Taskiq are right too. Import it only where you use
    it: then the first part works without it.

Names that the checks use
    app                  the application
    Settings             read from QUEUE_BACKEND and so on (ready). Read them
                         when a request needs them, never at import
    get_settings         returns the settings (ready)
    Base, TaskLog        the table (ready)
    get_session_factory  returns the sessionmaker (ready)
    get_work             returns the work, a function that takes the task's
                         name (ready; the checks replace it)
    get_tasks            a dependency: see above. It gets all other objects
                         through Depends. It and its dependencies must not
                         take a Request or BackgroundTasks, and must not use
                         app.state: a worker has none of them
    get_runner           a dependency that returns a TaskRunner. The checks
                         replace it by other runners, which deliver never,
                         once or twice
    run_worker           a plain function without arguments
    Do not change these names. (ready) means: already written.

Builds on exercise 5, on stages/s06_at_work/tasks.py and, for the second part,
on one of the stages 7 to 11, such as stages/s08_rq/worker.py. To try the
first part yourself: python3 start.py try 13
For the second part, run each line in its own terminal. Set QUEUE_BACKEND=queue
in the last two, and type `source .venv/bin/activate` before the last one:
python3 start.py broker
python3 start.py try 13
python -m exercises.ex13_task_queue

Notebook: notebooks/projects.ipynb
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal, Protocol

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, JsonValue
from pydantic_settings import BaseSettings
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker
from sqlalchemy.orm import mapped_column as column


class Settings(BaseSettings, env_prefix="QUEUE_"):
    """Read from QUEUE_BACKEND and so on (ready)."""

    backend: Literal["inprocess", "queue"] = "inprocess"
    url: str = "redis://localhost:6379"
    database_url: str = "sqlite:///ex13.db?timeout=30"
    max_attempts: int = Field(default=3, ge=1)  # tries in all
    retry_delay: float = Field(default=1, ge=0)  # seconds


@lru_cache
def get_settings() -> Settings:
    """Read the settings at the first call (ready)."""
    return Settings()


SettingsDep = Annotated[Settings, Depends(get_settings)]


class Base(DeclarativeBase):
    type_annotation_map = {datetime: sa.DateTime(timezone=True)}


class TaskLog(Base):
    """The record of a task (ready)."""

    __tablename__ = "task_logs"

    id: Mapped[int] = column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str] = column(default="scheduled")
    attempts: Mapped[int] = column(default=0)
    created_at: Mapped[datetime] = column(default=lambda: datetime.now(UTC))
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


@lru_cache
def sessions_on(database_url: str) -> sessionmaker[Session]:
    """Make one engine for each database (ready)."""
    engine = sa.create_engine(database_url)
    return sessionmaker(engine, expire_on_commit=False)


def get_session_factory(settings: SettingsDep) -> sessionmaker[Session]:
    """Return the sessionmaker (ready)."""
    return sessions_on(settings.database_url)


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]
Work = Callable[[str], None]  # takes the task's name


def perform(task_name: str) -> None:
    """Imitate real work; "crash" fails (ready)."""
    print(f"Working on {task_name}")
    if task_name == "crash":
        raise ValueError("somebody asked for a crash")


def get_work() -> Work:
    """Provide the work (ready)."""
    return perform


WorkDep = Annotated[Work, Depends(get_work)]
Tasks = Mapping[str, Callable[..., object]]


def get_tasks() -> Tasks:
    # TODO: get settings, sessions and work; return the tasks by name.
    raise NotImplementedError("get_tasks gives no tasks yet")


TasksDep = Annotated[Tasks, Depends(get_tasks)]


class TaskRunner(Protocol):
    """Runs tasks: it takes a task's name and JSON (ready)."""

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str: ...


def get_runner() -> TaskRunner:
    # TODO: get the settings and the tasks; return a runner that delivers
    # after the response. For the second part, one that uses a queue.
    raise NotImplementedError("get_runner gives no runner yet")


def run_worker() -> None:
    # TODO: for the second part, serve the queue until SIGTERM.
    raise NotImplementedError("run_worker serves no queue yet")


RunnerDep = Annotated[TaskRunner, Depends(get_runner)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the table when the application starts (ready)."""
    with get_session_factory(get_settings()).begin() as db:
        Base.metadata.create_all(db.connection())
    yield


app = FastAPI(title="Exercise 13", lifespan=lifespan)


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/run-task/{task_name}", status_code=202)
def run_task(task_name: str, runner: RunnerDep) -> dict[str, int]:
    # TODO: write the row, commit it, enqueue the task, answer the row's id.
    raise NotImplementedError("run_task enqueues nothing yet")


class TaskLogOut(BaseModel, from_attributes=True):
    id: int
    task_name: str
    status: str
    attempts: int
    error: str | None


@app.get("/task-logs/{log_id}", response_model=TaskLogOut)
def get_task_log(log_id: int, new_session: SessionsDep) -> TaskLog:
    """Show the record of a task (ready)."""
    with new_session() as db:
        log = db.get(TaskLog, log_id)
    if log is None:
        raise HTTPException(404, "No such task")
    return log


if __name__ == "__main__":
    run_worker()  # python -m exercises.ex13_task_queue (ready)
