"""Exercise 13: the same task, in this process or on a queue.

Story
    The shop's server is restarted every night, and all that it still had to
    do is lost. Tomorrow the work will move to another machine. So the
    endpoint must not care who does it: it writes down what is to be done
    and gives a name and a few values to a *runner*. The process that gets
    them does the work: perhaps twice, perhaps after another one was killed
    half-way.

Build
    `POST /run-task/{task_name}` writes a row with this name, commits it,
    calls `runner.enqueue(name, **kwargs)` once, and answers 202 and
    {"id": …}, the row's id. It does not run the task itself. What it
    enqueues is up to you: any name, and kwargs that are JSON, so no row, no
    session, no function. What `enqueue` returns is an id of the queue's
    own, not the row's.

    `get_tasks` gives the tasks by name, as a dict or anything else that can
    be indexed. `tasks[name](**kwargs)` does one delivery:
    - when the row is "completed" it does nothing, in any process (what it
      does when the row is "dead" is up to you);
    - else it counts the try in `attempts` and calls the work once, with the
      task's name, also when an earlier try has failed or was killed;
    - the row is "completed" when the work has ended, not before;
    - when the work raises, the delivery raises too.

    `get_runner` looks at the settings. With the backend "inprocess" it
    gives a runner that delivers after the response, in this process, and
    again, after `retry_delay` seconds, as long as the work raises. There are
    `max_attempts` tries in all. When the last one has failed, the row is
    "dead" and its `error` holds what the exception said. "completed" and
    "dead" are the ends; the names of all other states are yours.

And now a queue
    Its checks begin when the first part is right, and bring a broker of
    their own. With the backend "queue" the runner puts name and kwargs into
    a real queue at `url`, and nothing runs in the web process.
    `run_worker()` serves that queue until SIGTERM, with the same tasks and
    the same ends. When the broker is gone, the request is answered with 503
    and a Retry-After within five seconds. Which library does it is up to
    you: RQ is the shortest, Celery and Taskiq are right too. Import it only
    where it is needed: then the first part works without it.

Names the checks rely on
    app                  the application
    Settings             read from QUEUE_BACKEND and so on (given), but not
                         before the first request: not at import
    get_settings         gives the settings (given)
    Base, TaskLog        the table (given)
    get_session_factory  gives what makes sessions (given)
    get_work             gives the effect, a function of the task's name
                         (given; the checks replace it)
    get_tasks            a dependency: see above. It gets what it needs
                         through Depends, and neither it nor what it depends
                         on takes a Request or BackgroundTasks or looks into
                         app.state: a worker has none of them
    get_runner           a dependency that gives a TaskRunner. The checks
                         replace it by runners of their own, which deliver
                         never, once or twice
    run_worker           a plain function without arguments

Builds on exercise 5, on stages/s06_at_work/tasks.py and, for the second part,
on one of the stages 7 to 11, such as stages/s08_rq/worker.py. To try it
yourself:
uvicorn exercises.ex13_task_queue:app
and, for the second part, with QUEUE_BACKEND=queue set for both,
python3 start.py broker
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
    """Read from QUEUE_BACKEND and so on (given)."""

    backend: Literal["inprocess", "queue"] = "inprocess"
    url: str = "redis://localhost:6379"
    database_url: str = "sqlite:///ex13.db?timeout=30"
    max_attempts: int = Field(default=3, ge=1)  # tries in all
    retry_delay: float = Field(default=1, ge=0)  # seconds


@lru_cache
def get_settings() -> Settings:
    """Read them when they are first asked for (given)."""
    return Settings()


SettingsDep = Annotated[Settings, Depends(get_settings)]


class Base(DeclarativeBase):
    type_annotation_map = {datetime: sa.DateTime(timezone=True)}


class TaskLog(Base):
    """What is known of a task (given)."""

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
    """Make one engine for each database (given)."""
    engine = sa.create_engine(database_url)
    return sessionmaker(engine, expire_on_commit=False)


def get_session_factory(settings: SettingsDep) -> sessionmaker[Session]:
    """Give what makes sessions (given)."""
    return sessions_on(settings.database_url)


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]
Work = Callable[[str], None]  # takes the task's name


def perform(task_name: str) -> None:
    """Stand in for real work; "crash" fails (given)."""
    print(f"Working on {task_name}")
    if task_name == "crash":
        raise ValueError("somebody asked for a crash")


def get_work() -> Work:
    """Provide the effect (given)."""
    return perform


WorkDep = Annotated[Work, Depends(get_work)]
Tasks = Mapping[str, Callable[..., object]]


def get_tasks() -> Tasks:
    # TODO: ask for settings, sessions and work; give the tasks by name.
    raise NotImplementedError("get_tasks gives no tasks yet")


TasksDep = Annotated[Tasks, Depends(get_tasks)]


class TaskRunner(Protocol):
    """What gets a task done: it takes its name and JSON (given)."""

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str: ...


def get_runner() -> TaskRunner:
    # TODO: ask for the settings and the tasks; give a runner that delivers
    # after the response. For the second part, one that uses a queue.
    raise NotImplementedError("get_runner gives no runner yet")


def run_worker() -> None:
    # TODO: for the second part, serve the queue until SIGTERM.
    raise NotImplementedError("run_worker serves no queue yet")


RunnerDep = Annotated[TaskRunner, Depends(get_runner)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the table when the application starts (given)."""
    with get_session_factory(get_settings()).begin() as db:
        Base.metadata.create_all(db.connection())
    yield


app = FastAPI(title="Exercise 13", lifespan=lifespan)


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
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
    """Show what is known of a task (given)."""
    with new_session() as db:
        log = db.get(TaskLog, log_id)
    if log is None:
        raise HTTPException(404, "No such task")
    return log


if __name__ == "__main__":
    run_worker()  # python -m exercises.ex13_task_queue (given)
