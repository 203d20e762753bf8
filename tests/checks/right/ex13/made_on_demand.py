# Axis: the tasks are made when they are indexed, by the name the client gave; ids are texts; a try is claimed by one UPDATE.

from collections.abc import Callable
from uuid import uuid4

import sqlalchemy as sa
from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Mapped, Session, sessionmaker
from sqlalchemy.orm import mapped_column as column


class TaskLog(Base):
    __tablename__ = "task_logs"

    id: Mapped[str] = column(primary_key=True, default=lambda: uuid4().hex)
    task_name: Mapped[str]
    status: Mapped[str] = column(default="new")
    attempts: Mapped[int] = column(default=0)
    created_at: Mapped[datetime] = column(default=lambda: datetime.now(UTC))
    completed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class get_tasks:
    def __init__(
        self, settings: SettingsDep, new_session: SessionsDep, work: WorkDep
    ) -> None:
        self.settings, self.new_session = settings, new_session
        self.work = work

    def __getitem__(self, name: str) -> Callable[..., object]:
        def deliver(*, row: str) -> None:
            claim = (
                sa.update(TaskLog)
                .where(TaskLog.id == row, TaskLog.status != "completed")
                .values(status="claimed", attempts=TaskLog.attempts + 1)
                .returning(TaskLog.attempts)
            )
            with self.new_session.begin() as db:
                attempts = db.scalar(claim)
            if attempts is None:
                return
            try:
                self.work(name)
            except Exception as exc:
                over = attempts >= self.settings.max_attempts
                end(self.new_session, row, "dead" if over else "failed", exc)
                raise
            end(self.new_session, row, "completed")

        return deliver


def end(
    new_session: sessionmaker[Session],
    log_id: str,
    status: str,
    exc: Exception | None = None,
) -> None:
    with new_session.begin() as db:
        log = db.get_one(TaskLog, log_id)
        log.status, log.error = status, str(exc) if exc else None


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str, new_session: SessionsDep, runner: RunnerDep
) -> dict[str, str]:
    with new_session() as db:
        log = TaskLog(task_name=task_name)
        db.add(log)
        db.commit()
        runner.enqueue(task_name, row=log.id)
        return {"id": log.id}


class TaskLogOut(BaseModel, from_attributes=True):
    id: str
    task_name: str
    status: str
    attempts: int
    error: str | None


@app.get("/task-logs/{log_id}", response_model=TaskLogOut)
def get_task_log(log_id: str, new_session: SessionsDep) -> TaskLog:
    with new_session() as db:
        log = db.get(TaskLog, log_id)
    if log is None:
        raise HTTPException(404, "No such task")
    return log


@app.exception_handler(BrokerGoneError)
async def no_queue(_: Request, exc: BrokerGoneError) -> JSONResponse:
    return JSONResponse({"detail": str(exc)}, 503, {"Retry-After": "3"})
