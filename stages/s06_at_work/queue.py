"""The seam: how a task leaves the request, whatever engine runs it."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stages.s06_at_work.backlog import limit
from stages.s06_at_work.database import (
    OPEN,
    TABLE,
    SessionFactoryDep,
    TaskLog,
    get_session_factory,
    untouched_for,
)
from stages.s06_at_work.idempotency import Once, is_repeated
from stages.s06_at_work.settings import TaskConfigDep, get_logger

MARK = (  # built once, not for each request
    sa.update(TABLE)
    .where(TABLE.c.id.in_(sa.bindparam("log_ids", expanding=True)))
    .values(published_at=sa.func.now())
)


class Queue:
    """Hands the ID of a task's row to a worker."""

    durable = True  # what is published outlives this process

    def start(self) -> None:
        """Make what the engine needs in the database, for example."""

    def stop(self) -> None:
        """When the application ends."""

    def publish_in(self, _session: Session, _log_id: int) -> bool:
        """Before the commit, in its transaction; say if it is published."""
        return False

    def publish(self, log_id: int) -> None:
        """After the commit; what it raises is logged, and tried later."""
        raise NotImplementedError


class DatabaseQueue(Queue):
    """For an engine in the same database, which overrides `publish_in`.

    Its rows are inserted as published, which saves an UPDATE for each.
    """

    def publish(self, log_id: int) -> None:
        with get_session_factory().begin() as session:
            self.publish_in(session, log_id)


def enqueue(
    session: Session, queue: Queue, *logs: TaskLog, once: Once | None = None
) -> None:
    """Commit the rows with what else the session holds, then publish them.

    After the commit the tasks are accepted, whatever the broker does. This
    waits for database and broker: from `async def`, call it in a thread.
    """
    limit.check(session)
    if once:
        logs[0].idempotency_key, logs[0].fingerprint = once
    if isinstance(queue, DatabaseQueue):
        for log in logs:
            log.published_at = sa.func.now()
    session.add_all(logs)
    try:
        session.flush()  # gives each row its ID
    except sa.exc.IntegrityError:
        session.rollback()
        if once and is_repeated(session, once):
            return  # all of it was committed the first time
        raise
    log_ids = [log.id for log in logs if not queue.publish_in(session, log.id)]
    session.commit()
    publish(session, queue, log_ids)


def publish(session: Session, queue: Queue, log_ids: list[int]) -> None:
    """Publish rows and mark them; one that fails is left for later."""
    logger, published = get_logger(), []
    try:
        for log_id in log_ids:
            queue.publish(log_id)
            published.append(log_id)
    except Exception as error:
        reason = error.__cause__ or error
        logger.error("The broker takes no task now: %s", reason)
    if not (published and queue.durable):
        return
    try:
        session.execute(MARK, {"log_ids": published})
        session.commit()
    except sa.exc.SQLAlchemyError as error:
        session.rollback()
        logger.error("Published, but not marked as such: %s", error)


def publish_overdue(
    queue: Queue, session_factory: SessionFactoryDep, config: TaskConfigDep
) -> None:
    """Publish what the broker never got or has lost (the outbox pattern)."""
    with session_factory() as session:
        new = TaskLog.status == "scheduled", TaskLog.published_at.is_(None)
        due = sa.and_(*new, untouched_for(session, config.publish_after))
        lost = untouched_for(session, config.lost_after)
        overdue = due | TaskLog.status.in_(OPEN) & lost
        query = sa.select(TaskLog.id).where(overdue).order_by(TaskLog.id)
        log_ids = list(session.scalars(query.limit(1000)))
        session.commit()  # hold no connection while the broker is asked
        if log_ids:
            get_logger().info("Publishing %d overdue tasks", len(log_ids))
        publish(session, queue, log_ids)
