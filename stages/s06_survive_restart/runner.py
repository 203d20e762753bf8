"""The seam: how a task leaves the request, and who looks after it then."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import sqlalchemy as sa
from anyio import lowlevel
from fastapi import BackgroundTasks, Depends, Request
from sqlalchemy.orm import Session

from stages.s06_survive_restart.tasks import (
    PAYLOADS,
    LoggerDep,
    SessionsDep,
    TaskConfig,
    TaskConfigDep,
    TaskLog,
    TrackerDep,
    in_utc,
)


class QueueGoneError(Exception):
    """Nobody takes tasks just now."""


@dataclass(frozen=True)
class Queue:
    """What carries a task's number to whoever runs it."""

    name: str  # stands in the row: no other queue touches it
    publish: Callable[[int], object]
    gone: type[Exception] = QueueGoneError  # what `publish` raises then
    patience: float = 0  # seconds that its own second try may be late
    close: Callable[[], Awaitable[object]] = lowlevel.checkpoint  # at the end


IN_PROCESS = "in-process"


def get_db(new_session: SessionsDep) -> Iterator[Session]:
    with new_session() as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]


@dataclass(frozen=True)
class TaskRunner:
    """Write down what is to be done, then say so to the queue."""

    db: Session
    queue: Queue
    config: TaskConfig

    def enqueue(self, name: str, /, **payload: object) -> int:
        """Accept a task; its row is enough to run it, now or later."""
        log = TaskLog(
            task_name=payload.get("task_name", name),
            task=name,
            payload=PAYLOADS[name](**payload).model_dump(mode="json"),
            runner=self.queue.name,
            lease=datetime.now(UTC) + timedelta(seconds=self.config.lease),
        )
        self.db.add(log)
        self.db.commit()  # first: a worker may be faster than the next line
        try:
            self.queue.publish(log.id)
        except self.queue.gone as error:
            reason = str(error.__cause__ or error)
            if self.refuse(log.id, reason):
                raise QueueGoneError(reason) from error
        return log.id

    def refuse(self, log_id: int, reason: str) -> bool:
        """Let a late message do nothing, unless somebody has begun."""
        query = (
            sa.update(TaskLog)
            .where(TaskLog.id == log_id, TaskLog.status == "scheduled")
            .values(status="refused", error=reason, lease=None)
            .returning(TaskLog.id)
        )
        refused = self.db.execute(query).one_or_none() is not None
        self.db.commit()
        return refused


def run_here(log_id: int, track: TrackerDep) -> None:
    """Run it in this process; what fails is recorded, and overdue soon."""
    with suppress(Exception):
        track(log_id)


def get_runner(
    request: Request,
    background_tasks: BackgroundTasks,
    db: SessionDep,
    track: TrackerDep,
    config: TaskConfigDep,
) -> TaskRunner:
    def after_the_response(log_id: int) -> None:
        background_tasks.add_task(run_here, log_id, track)

    here = Queue(IN_PROCESS, after_the_response)
    return TaskRunner(db, request.app.state.queue or here, config)


RunnerDep = Annotated[TaskRunner, Depends(get_runner)]


def send_again(
    queue: Queue,
    new_session: SessionsDep,
    config: TaskConfigDep,
    log: LoggerDep,
) -> None:
    """Publish what is overdue: whoever had it is gone, or its message is."""
    now, lease = datetime.now(UTC), timedelta(seconds=config.lease)
    ours = sa.and_(TaskLog.runner == queue.name, TaskLog.lease <= now)
    # The queue's own second try goes first.
    late = now - timedelta(seconds=queue.patience)
    due = sa.or_(TaskLog.status != "failed", TaskLog.lease <= late)
    used_up = sa.and_(
        TaskLog.status == "started", TaskLog.attempts >= config.attempts
    )
    with new_session.begin() as db:
        error = f"{config.attempts} attempts, and the last never ended"
        end = {"completed_at": now, "lease": None, "error": error}
        db.execute(
            sa.update(TaskLog)
            .where(ours, used_up)
            .values(status="dead", **end)
        )
    with new_session() as db:
        overdue = db.execute(
            sa.select(TaskLog.id, TaskLog.created_at)
            .where(ours, due)
            .order_by(TaskLog.lease)
            .limit(100)
        ).all()
    for log_id, created_at in overdue:
        # As long again as it is old: a long queue is not made much longer.
        until = now + max(lease, now - in_utc(created_at))
        query = sa.update(TaskLog).where(TaskLog.id == log_id, ours)
        again = query.values(status="scheduled", lease=until)
        with new_session.begin() as db:
            if not db.execute(again.returning(TaskLog.id)).all():
                continue  # somebody was faster
        try:
            queue.publish(log_id)
        except queue.gone:
            waiting = sa.and_(
                TaskLog.id == log_id, TaskLog.status == "scheduled"
            )
            with new_session.begin() as db:  # look again in a second
                db.execute(sa.update(TaskLog).where(waiting).values(lease=now))
            raise
        log.info("Task %s was overdue: sent again", log_id)
