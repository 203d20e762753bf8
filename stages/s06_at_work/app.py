"""The web application: python3 start.py stage 6."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import make_msgid
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from pydantic import AfterValidator, BaseModel, EmailStr

from stages.s06_at_work.database import Base, SessionDep, TaskLog
from stages.s06_at_work.database import get_session_factory
from stages.s06_at_work.mail import EmailContent
from stages.s06_at_work.queue import Queue, QueueDep, enqueue
from stages.s06_at_work.tasks import (
    Email,
    Notification,
    Payload,
    TaskName,
    Work,
)

router = APIRouter()


def new_log(kind: str, payload: Payload, task_name: str = "") -> TaskLog:
    return TaskLog(
        kind=kind,
        task_name=task_name or kind,
        payload=payload.model_dump(mode="json"),
    )


@router.post("/send-notification/{email}")
def send_notification(
    email: EmailStr, session: SessionDep, queue: QueueDep
) -> dict[str, str]:
    payload = Notification(email=email, message="Hello World!")
    enqueue(session, queue, new_log("send-notification", payload))
    return {"message": "Notification sent in the background"}


@router.post("/send-email/")
def send_email(
    content: EmailContent, session: SessionDep, queue: QueueDep
) -> dict[str, str]:
    """Schedule one task for each recipient: each can fail alone."""
    logs = []
    for recipient in content.recipients:
        single = content.model_copy(update={"recipients": [recipient]})
        payload = Email(content=single, message_id=make_msgid())
        logs.append(new_log("send-email", payload))
    enqueue(session, queue, *logs)
    message = f"Email will be sent to {len(logs)} recipients in the background"
    return {"status": "success", "message": message}


@router.post("/run-task/{task_name}")
def schedule_task(
    task_name: TaskName, session: SessionDep, queue: QueueDep
) -> dict[str, str]:
    payload = Work(task_name=task_name)
    enqueue(session, queue, new_log("run-task", payload, task_name))
    return {"message": f"Task '{task_name}' scheduled"}


def in_utc(moment: datetime) -> datetime:
    """Add the time zone that SQLite does not store: it is always UTC."""
    return moment.replace(tzinfo=moment.tzinfo or UTC)


Moment = Annotated[datetime, AfterValidator(in_utc)]


class TaskLogOut(BaseModel, from_attributes=True):
    id: int
    task_name: str
    status: str
    created_at: Moment
    completed_at: Moment | None
    error: str | None
    attempts: int


@router.get("/task-logs/", response_model=list[TaskLogOut])
def get_task_logs(session: SessionDep) -> Sequence[TaskLog]:
    latest = sa.select(TaskLog).order_by(TaskLog.id.desc()).limit(100)
    return session.scalars(latest).all()[::-1]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    Base.metadata.create_all(get_session_factory().kw["bind"])
    yield


def create_app(title: str, queue: Queue | None = None) -> FastAPI:
    app = FastAPI(title=title, lifespan=lifespan)
    app.state.queue = queue  # none: the tasks run in this process
    app.include_router(router)
    return app


app = create_app("Stage 6: the same application at work")
