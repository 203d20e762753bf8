"""How many tasks wait, and for how long: the broker cannot tell."""

import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stages.s06_at_work.database import TaskLog
from stages.s06_at_work.settings import get_task_config


class BacklogError(Exception):
    """Too many tasks wait; another one would wait for too long."""


@dataclass
class Backlog:
    waiting: int
    oldest_seconds: float  # since that row was last touched


def get_backlog(session: Session) -> Backlog:
    """Count the rows that no worker has begun, by the index on status."""
    query = sa.select(
        sa.func.count(), sa.func.min(TaskLog.updated_at), sa.func.now()
    )
    row = session.execute(query.where(TaskLog.status == "scheduled")).one()
    count, oldest, now = row
    return Backlog(count, (now - oldest).total_seconds() if oldest else 0)


class Limit:
    """Refuses more than TASK_MAX_WAITING; looks at most once a second."""

    def __init__(self) -> None:
        self.next_look = 0.0
        self.full = False

    def check(self, session: Session) -> None:
        if time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + 1
            waiting = get_backlog(session).waiting
            self.full = waiting >= get_task_config().max_waiting
        if self.full:
            raise BacklogError("Too many tasks are waiting")


limit = Limit()
