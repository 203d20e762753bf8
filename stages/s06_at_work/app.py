"""The web application: python3 start.py stage 6."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import make_msgid

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import EmailStr

from stages.s06_at_work import overview
from stages.s06_at_work.background import QueueDep
from stages.s06_at_work.database import SessionDep, TaskLog
from stages.s06_at_work.errors import add_error_handlers
from stages.s06_at_work.idempotency import OnceDep
from stages.s06_at_work.mail import EmailContent
from stages.s06_at_work.payloads import (
    Email,
    Notification,
    Payload,
    TaskName,
    Work,
)
from stages.s06_at_work.queue import Queue, enqueue
from stages.s06_at_work.settings import EmailConfigDep
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import overrides

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


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    queue: Queue = app.state.queue or Queue()
    await run_in_threadpool(prepare, queue)
    yield
    await run_in_threadpool(queue.stop)


def create_app(title: str, queue: Queue | None = None) -> FastAPI:
    app = FastAPI(title=title, lifespan=lifespan, max_body_size=1_000_000)
    app.dependency_overrides = overrides  # the same for endpoints and tasks
    app.state.queue = queue  # none: the tasks run in this process
    app.include_router(router)
    app.include_router(overview.router)
    add_error_handlers(app)
    return app


app = create_app("Stage 6: the same application, ready for production")
