# Axis: the task enters get_session itself; GET without a response model, by the factory; tables made in the lifespan; an ASGI middleware.

from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker
from sqlalchemy.orm import mapped_column as column


class Base(DeclarativeBase):
    pass


class TaskLog(Base):
    __tablename__ = "task_logs"

    id: Mapped[int] = column(primary_key=True)
    task_name: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime] = column(server_default=sa.func.now())
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


engine = sa.create_engine(
    "sqlite://",
    poolclass=sa.StaticPool,
    connect_args={"check_same_thread": False},
)


def get_session_factory() -> sessionmaker[Session]:
    return sessionmaker(engine, expire_on_commit=False)


SessionsDep = Annotated[sessionmaker[Session], Depends(get_session_factory)]


def get_session(new_session: SessionsDep) -> Iterator[Session]:
    session = new_session()
    try:
        yield session
        session.commit()
    except Exception:
        session.rollback()
        raise
    finally:
        session.close()


def get_work():
    def work(session, task_name):
        if task_name == "crash":
            raise ValueError("the task has crashed")

    return work


class Tracker:
    def __init__(self, new_session, work):
        self.open = lambda: contextmanager(get_session)(new_session)
        self.work = work

    def run(self, log_id, task_name):
        try:
            with self.open() as session:
                self.work(session, task_name)
        except Exception as exc:
            self.end(log_id, status="failed", error=f"it broke: {exc}")
            raise
        self.end(log_id, status="completed")

    def end(self, log_id, **values):
        values["completed_at"] = datetime.now(UTC)
        with self.open() as session:
            session.execute(
                sa.update(TaskLog.__table__)
                .where(TaskLog.__table__.c.id == log_id)
                .values(values)
            )


async def get_task_tracker(
    new_session: SessionsDep, work: Annotated[object, Depends(get_work)]
):
    return Tracker(new_session, work).run


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(engine)
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def pass_on(request, call_next):
    return await call_next(request)


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: Annotated[Session, Depends(get_session)],
    track: Annotated[object, Depends(get_task_tracker)],
):
    log = TaskLog(task_name=task_name, status="started")
    session.add(log)
    session.commit()
    tasks.add_task(track, log.id, task_name)
    return {"id": log.id}


@app.get("/task-logs/{log_id}")
def get_task_log(log_id: str, new_session: SessionsDep) -> dict[str, object]:
    with new_session() as session:
        log = session.get(TaskLog, int(log_id))
        if log is None:
            raise HTTPException(404)
        return {
            "id": log.id,
            "task_name": log.task_name,
            "status": log.status,
            "created_at": log.created_at.isoformat(),
            "completed_at": log.completed_at and log.completed_at.isoformat(),
            "error": log.error,
        }
