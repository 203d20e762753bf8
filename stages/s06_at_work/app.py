"""The web application: python3 start.py stage 6."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import make_msgid
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from pydantic import AfterValidator, BaseModel, EmailStr

from stages.s06_at_work.backlog import Backlog, get_backlog
from stages.s06_at_work.database import SessionDep, TaskLog
from stages.s06_at_work.errors import add_error_handlers
from stages.s06_at_work.idempotency import OnceDep
from stages.s06_at_work.mail import EmailContent
from stages.s06_at_work.queue import Queue, QueueDep, enqueue
from stages.s06_at_work.settings import EmailConfigDep
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import (
    Email,
    Notification,
    Payload,
    TaskName,
    Work,
    overrides,
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
    email: EmailStr, session: SessionDep, queue: QueueDep, once: OnceDep
) -> dict[str, str]:
    payload = Notification(email=email, message="Hello World!")
    log = new_log("send-notification", payload)
    enqueue(session, queue, log, once=once)
    return {"message": "Notification sent in the background"}


@router.post("/send-email/")
def send_email(
    content: EmailContent,
    session: SessionDep,
    queue: QueueDep,
    once: OnceDep,
    config: EmailConfigDep,
) -> dict[str, str]:
    """Schedule one task for each recipient: each can fail alone."""
    domain = config.sender_email.rpartition("@")[2]
    logs = []
    for recipient in content.recipients:
        single = content.model_copy(update={"recipients": [recipient]})
        payload = Email(content=single, message_id=make_msgid(domain=domain))
        logs.append(new_log("send-email", payload))
    enqueue(session, queue, *logs, once=once)
    message = f"Email will be sent to {len(logs)} recipients in the background"
    return {"status": "success", "message": message}


@router.post("/run-task/{task_name}")
def schedule_task(
    task_name: TaskName,
    session: SessionDep,
    queue: QueueDep,
    once: OnceDep,
) -> dict[str, str]:
    payload = Work(task_name=task_name)
    log = new_log("run-task", payload, task_name)
    enqueue(session, queue, log, once=once)
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
def get_task_logs(session: SessionDep) -> Sequence[Any]:
    columns = [getattr(TaskLog, name) for name in TaskLogOut.model_fields]
    latest = sa.select(*columns).order_by(TaskLog.id.desc()).limit(100)
    return session.execute(latest).all()[::-1]


@router.get("/health")
def get_health(session: SessionDep) -> Backlog:
    """Say how far the workers are behind; 503 without the database."""
    return get_backlog(session)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    prepare()
    yield


def create_app(title: str, queue: Queue | None = None) -> FastAPI:
    app = FastAPI(title=title, lifespan=lifespan, max_body_size=1_000_000)
    app.dependency_overrides = overrides  # the same for endpoints and tasks
    app.state.queue = queue  # none: the tasks run in this process
    app.include_router(router)
    add_error_handlers(app)
    return app


app = create_app("Stage 6: the same application at work")
