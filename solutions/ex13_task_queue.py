"""Exercise 13, solved: the same task, in this process or on a queue."""

import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, Protocol
from uuid import uuid4

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field, JsonValue
from pydantic_settings import BaseSettings
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker
from sqlalchemy.orm import mapped_column as column

if TYPE_CHECKING:
    from rq import Queue


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


def get_tasks(
    settings: SettingsDep, new_session: SessionsDep, work: WorkDep
) -> Tasks:
    def deliver(log_id: int) -> None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, log_id)
            if log.status in ("completed", "dead"):
                return  # delivered twice, done once
            log.status = "started"
            log.attempts += 1
        try:
            work(log.task_name)
        except Exception as exc:
            last = log.attempts >= settings.max_attempts
            end(new_session, log_id, "dead" if last else "failed", exc)
            raise
        end(new_session, log_id, "completed")

    return {"run-task": deliver}


def end(
    new_session: sessionmaker[Session],
    log_id: int,
    status: str,
    exc: Exception | None = None,
) -> None:
    """Write down how a try ended."""
    with new_session.begin() as db:
        log = db.get_one(TaskLog, log_id)
        log.status = status
        if status != "failed":  # then it is tried again
            log.completed_at = datetime.now(UTC)
        log.error = f"{type(exc).__name__}: {exc}" if exc else None


TasksDep = Annotated[Tasks, Depends(get_tasks)]


class TaskRunner(Protocol):
    """Runs tasks: it takes a task's name and JSON (ready)."""

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str: ...


class BrokerGoneError(Exception):
    """The queue can't be reached just now."""


class InProcess:
    """Deliver after the response, in this process, until it works."""

    def __init__(
        self, settings: Settings, tasks: Tasks, background: BackgroundTasks
    ) -> None:
        self.settings, self.tasks = settings, tasks
        self.background = background

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        self.background.add_task(self.deliver, name, kwargs)
        return uuid4().hex

    def deliver(self, name: str, kwargs: dict[str, JsonValue]) -> None:
        for left in reversed(range(self.settings.max_attempts)):
            try:
                self.tasks[name](**kwargs)
            except Exception:
                if not left:
                    raise
                time.sleep(self.settings.retry_delay)
            else:
                return


class OnQueue:
    """Leave the delivery to a worker: see run_worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        from redis import RedisError  # noqa: PLC0415 (only a queue needs it)
        from rq import Retry  # noqa: PLC0415

        again = self.settings.max_attempts - 1
        pause = math.ceil(self.settings.retry_delay)
        try:
            job = get_queue(self.settings.url).enqueue(
                deliver_queued,
                args=(name, kwargs),
                retry=Retry(again, pause) if again else None,
                result_ttl=0,  # the row is the result
            )
        except RedisError as exc:
            raise BrokerGoneError(str(exc)) from exc
        return job.id


@lru_cache
def get_queue(url: str) -> "Queue":
    """Make one for the process; only JSON goes in."""
    from redis import Redis  # noqa: PLC0415 (only a queue needs it)
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415
    from rq import Queue  # noqa: PLC0415
    from rq.serializers import JSONSerializer  # noqa: PLC0415

    redis = Redis.from_url(
        url,
        socket_connect_timeout=2,  # a request does not wait for a broker
        socket_timeout=2,  # (a worker does: RQ sets its own)
        retry=Retry(NoBackoff(), 0),
    )
    return Queue("ex13", connection=redis, serializer=JSONSerializer)


def deliver_queued(name: str, kwargs: dict[str, JsonValue]) -> None:
    """Do one delivery in a worker, where no application was started."""
    settings = get_settings()
    tasks = get_tasks(settings, get_session_factory(settings), get_work())
    tasks[name](**kwargs)


def run_worker() -> None:
    """Serve the queue until SIGTERM."""
    from rq import Worker  # noqa: PLC0415 (only a queue needs it)

    queue = get_queue(get_settings().url)
    Worker(
        [queue],
        serializer=queue.serializer,
        worker_ttl=30,  # with these three, another worker takes over what
        maintenance_interval=10,  # a killed one had begun after a minute or
        job_monitoring_interval=5,  # two, not after seven
    ).work(with_scheduler=True)  # it waits for the time of the next try


def get_runner(
    settings: SettingsDep, tasks: TasksDep, background: BackgroundTasks
) -> TaskRunner:
    if settings.backend == "queue":
        return OnQueue(settings)
    return InProcess(settings, tasks, background)


RunnerDep = Annotated[TaskRunner, Depends(get_runner)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the table when the application starts (ready)."""
    with get_session_factory(get_settings()).begin() as db:
        Base.metadata.create_all(db.connection())
    yield


app = FastAPI(title="Exercise 13", lifespan=lifespan)


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    with new_session.begin() as db:
        db.add(log)
    try:  # the row is committed: a worker may be faster than the next line
        runner.enqueue("run-task", log_id=log.id)
    except BrokerGoneError as exc:
        end(new_session, log.id, "dead", exc)
        headers = {"Retry-After": "5"}
        raise HTTPException(503, "No queue just now", headers) from exc
    return {"id": log.id}


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


# Why so: what leaves the process is a name and an id, so that anybody can
# begin again with nothing but the database; an object would be a copy of
# what was, and a session or a function can't leave at all. The row is
# committed first, or a fast worker finds nothing. Each delivery commits that
# it has begun, works, and commits how it ended, in transactions of its own:
# whatever it was killed in, the row says "started" and the next delivery
# works again. So the work is done at least once; between the work and the
# last commit a kill makes it twice. It raises, so that the caller can count
# and pause: a loop here, RQ there. RQ hears of a killed worker after
# some eighty seconds. A row that was refused is "dead", and a message that
# reached the broker all the same does nothing.
#
# Another right way: Celery (`acks_late`, a retry in the task) or Taskiq in
# place of RQ, and `taskiq_dependencies.DependencyGraph(get_tasks)`, which
# resolves the same dependencies in the worker, whatever they come to need.
