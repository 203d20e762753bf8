"""The seam: how a task leaves the request, whatever engine runs it."""

from contextlib import suppress
from datetime import timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, Request
from sqlalchemy.orm import Session

from stages.s06_at_work.database import ENDED, SessionFactoryDep, TaskLog
from stages.s06_at_work.settings import LoggerDep, TaskConfigDep, get_logger
from stages.s06_at_work.tasks import call, run_task


class Queue:
    """Hands the ID of a task's row to a worker.

    An engine overrides one of the two: `publish_in` if its queue lives in
    the same database, else `publish`.
    """

    def publish_in(self, session: Session, log_id: int) -> bool:
        """Before the commit, in its transaction; say if it is published."""
        return False

    def publish(self, log_id: int) -> None:
        """After the commit; what it raises is logged, and tried later."""


class BackgroundQueue(Queue):
    """Runs the task in this process, after the response."""

    def __init__(self, background_tasks: BackgroundTasks) -> None:
        self.background_tasks = background_tasks

    def publish(self, log_id: int) -> None:
        self.background_tasks.add_task(run_here, log_id)


def run_here(log_id: int) -> None:
    with suppress(Exception):  # it is recorded, and nobody tries again
        call(run_task, log_id)


async def get_queue(
    request: Request, background_tasks: BackgroundTasks
) -> Queue:
    queue: Queue | None = request.app.state.queue
    return queue or BackgroundQueue(background_tasks)


QueueDep = Annotated[Queue, Depends(get_queue)]


def enqueue(session: Session, queue: Queue, *logs: TaskLog) -> None:
    """Commit the rows with what else the session holds, then publish them.

    After the commit the tasks are accepted, whatever the broker does.
    """
    session.add_all(logs)
    session.flush()  # gives each row its ID
    waiting = []
    for log in logs:
        if queue.publish_in(session, log.id):
            log.published_at = sa.func.now()
        else:
            waiting.append(log.id)
    session.commit()
    publish(session, queue, waiting)


def publish(session: Session, queue: Queue, log_ids: list[int]) -> None:
    """Publish rows and mark them; one that fails is left for later."""
    published = []
    try:
        for log_id in log_ids:
            queue.publish(log_id)
            published.append(log_id)
    except Exception as error:
        get_logger().error("The broker takes no task now: %s", error)
    query = sa.update(TaskLog).where(TaskLog.id.in_(published))
    session.execute(query.values(published_at=sa.func.now()))
    session.commit()


def publish_overdue(
    queue: Queue, session_factory: SessionFactoryDep, config: TaskConfigDep
) -> None:
    """Publish what the broker never got or has lost (the outbox pattern)."""
    with session_factory() as session:
        now = session.scalar(sa.select(sa.func.now()))
        never = TaskLog.published_at.is_(None) & (
            TaskLog.updated_at < now - timedelta(seconds=config.publish_after)
        )
        lost = TaskLog.updated_at < now - timedelta(seconds=config.lost_after)
        overdue = (
            sa.select(TaskLog.id)
            .where(TaskLog.status.not_in(ENDED), never | lost)
            .order_by(TaskLog.id)
            .limit(1000)
        )
        log_ids = list(session.scalars(overdue))
        publish(session, queue, log_ids)
