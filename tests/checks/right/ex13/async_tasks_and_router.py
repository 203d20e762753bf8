# Axis: async def tasks, runner and endpoints, on a router; the runner is a dataclass that pauses on the event loop; Taskiq is the queue.

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from anyio import from_thread
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="QUEUE_")

    backend: Literal["inprocess", "queue"] = "inprocess"
    url: str = "redis://localhost:6379"
    database_url: str = "sqlite:///ex13.db"
    max_attempts: int = 3
    retry_delay: float = 1.0


@lru_cache
def get_settings() -> Settings:
    return Settings()


class Base(DeclarativeBase):
    pass


class TaskLog(Base):
    __tablename__ = "task_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(
        default=lambda: datetime.now(UTC)
    )
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    engine = sa.create_engine(get_settings().database_url)
    return sessionmaker(engine, expire_on_commit=False)


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]


def perform(task_name: str) -> None:
    print(task_name)
    if task_name == "crash":
        raise ValueError("somebody asked for a crash")


def get_work() -> Callable[[str], None]:
    return perform


async def get_tasks(
    new_session: SessionsDep,
    work: Annotated[Callable[[str], None], Depends(get_work)],
    settings: Annotated[Settings, Depends(get_settings)],
) -> AsyncIterator[dict[str, Callable[..., Awaitable[None]]]]:
    def begin(task_id: int) -> TaskLog | None:
        with new_session.begin() as db:
            log = db.get_one(TaskLog, task_id)
            if log.status == "completed":
                return None
            log.status = "running"
            log.attempts = log.attempts + 1
            return log

    def save(task_id: int, **values: object) -> None:
        with new_session.begin() as db:
            db.execute(
                sa.update(TaskLog)
                .where(TaskLog.id == task_id)
                .values(**values)
            )

    async def run(task_id: int) -> None:
        log = await run_in_threadpool(begin, task_id)
        if log is None:
            return
        try:
            await run_in_threadpool(work, log.task_name)
        except Exception as exc:
            over = log.attempts >= settings.max_attempts
            status = "dead" if over else "waiting"
            await run_in_threadpool(
                save, task_id, status=status, error=repr(exc)
            )
            raise RuntimeError(f"task {task_id} failed") from exc
        await run_in_threadpool(save, task_id, status="completed", error=None)

    yield {"run": run}


async def again_and_again(
    tasks: dict[str, Callable[..., Awaitable[None]]],
    settings: Settings,
    name: str,
    kwargs: dict[str, Any],
) -> None:
    for n in range(1, settings.max_attempts + 1):
        try:
            return await tasks[name](**kwargs)
        except Exception as exc:
            print(f"try {n}: {exc}")
            await asyncio.sleep(settings.retry_delay)


@dataclass
class Here:
    background: BackgroundTasks
    tasks: dict[str, Callable[..., Awaitable[None]]]
    settings: Settings

    def enqueue(self, name: str, /, **kwargs: Any) -> str:
        self.background.add_task(
            again_and_again, self.tasks, self.settings, name, kwargs
        )
        return "here"


async def deliver_queued(
    name: str,
    kwargs: dict[str, Any],
    tasks: Annotated[Any, Depends(get_tasks)],
) -> None:
    await again_and_again(tasks, get_settings(), name, kwargs)


@lru_cache
def get_broker() -> Any:
    from taskiq_redis import ListQueueBroker

    broker = ListQueueBroker(get_settings().url, queue_name="ex13")
    broker.register_task(deliver_queued, "deliver")
    return broker


def find_broker() -> Any:
    return get_broker()


class There:
    def enqueue(self, name: str, /, **kwargs: Any) -> str:
        async def send() -> str:
            task = get_broker().find_task("deliver")
            return (await asyncio.wait_for(task.kiq(name, kwargs), 2)).task_id

        try:
            return from_thread.run(send)
        except Exception as exc:
            later = {"Retry-After": "2"}
            raise HTTPException(503, "no queue", later) from exc


def run_worker() -> None:
    from taskiq.cli.worker.args import WorkerArgs
    from taskiq.cli.worker.run import run_worker

    broker = f"{deliver_queued.__module__}:find_broker"
    run_worker(WorkerArgs(broker=broker, modules=[], workers=1))


async def get_runner(
    background: BackgroundTasks,
    tasks: Annotated[Any, Depends(get_tasks)],
    settings: Annotated[Settings, Depends(get_settings)],
) -> Here | There:
    if settings.backend == "queue":
        return There()
    return Here(background, tasks, settings)


router = APIRouter()


@router.post("/run-task/{task_name}", status_code=202)
async def run_task(
    task_name: str,
    new_session: SessionsDep,
    runner: Annotated[Any, Depends(get_runner)],
) -> dict[str, str]:
    def write() -> int:
        with new_session() as db:
            log = TaskLog(task_name=task_name)
            db.add(log)
            db.commit()
            return log.id

    task_id = await run_in_threadpool(write)
    await run_in_threadpool(runner.enqueue, "run", task_id=task_id)
    return {"id": str(task_id)}


@router.get("/task-logs/{task_id}")
async def show(task_id: int, new_session: SessionsDep) -> dict[str, object]:
    def read() -> TaskLog | None:
        with new_session() as db:
            return db.get(TaskLog, task_id)

    log = await run_in_threadpool(read)
    if log is None:
        raise HTTPException(404)
    return {
        "id": str(log.id),
        "task_name": log.task_name,
        "status": log.status,
        "attempts": log.attempts,
        "error": log.error,
        "created_at": log.created_at,
    }


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with get_session_factory().begin() as db:
        Base.metadata.create_all(db.connection())
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(router)
