"""Rows, for tests: write one, read one, run one."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from stages.s06_at_work.database import TaskLog
from stages.s06_at_work.tasks import call, get_tasks, overrides, run_task

Factory = sessionmaker[Session]
WORK = {"kind": "run-task", "task_name": "report"}


def add(factory: Factory, **values: Any) -> int:
    """Write a row as an endpoint does, with some values of its own."""
    row = {**WORK, "payload": {"task_name": "report"}}
    with factory.begin() as session:
        log = TaskLog(**row | values)
        session.add(log)
    return log.id


def read(factory: Factory, log_id: int) -> TaskLog:
    """Return a row as it is now."""
    with factory() as session:
        return session.get_one(TaskLog, log_id)


def run(log_id: int, work: Callable[[Session, Any], None]) -> None:
    """Run a row's task as a worker does, with other work."""
    overrides[get_tasks] = lambda: {"run-task": work}
    call(run_task, log_id)


def mark(session: Session, _payload: object) -> None:
    """Leave an effect in the same database."""
    session.add(TaskLog(kind="effect", task_name="effect", payload={}))


def effects(factory: Factory) -> int:
    """Count what `mark` has left."""
    query = sa.select(sa.func.count()).where(TaskLog.kind == "effect")
    with factory() as session:
        return session.scalars(query).one()
