"""What became of the tasks, and how many wait."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel

from stages.s06_at_work.backlog import Backlog, get_backlog
from stages.s06_at_work.database import SessionDep, TaskLog

router = APIRouter()


def with_zone(moment: datetime) -> datetime:
    """Add UTC where no time zone is: SQLite stores none."""
    return moment.replace(tzinfo=moment.tzinfo or UTC)


Moment = Annotated[datetime, AfterValidator(with_zone)]


class TaskLogOut(BaseModel, from_attributes=True):
    id: int
    task_name: str
    status: str
    created_at: Moment
    completed_at: Moment | None
    error: str | None
    attempts: int


@router.get("/task-logs/", response_model=list[TaskLogOut])
def get_task_logs(session: SessionDep) -> Sequence[Any]:
    columns = [getattr(TaskLog, name) for name in TaskLogOut.model_fields]
    latest = sa.select(*columns).order_by(TaskLog.id.desc()).limit(100)
    return session.execute(latest).all()[::-1]


@router.get("/health")
def get_health(session: SessionDep) -> Backlog:
    """Say how far the workers are behind; 503 without the database."""
    return get_backlog(session)
