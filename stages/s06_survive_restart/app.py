"""Stage 6: a task outlives its process, because its row is enough."""

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated

import sqlalchemy as sa
from anyio import (
    CapacityLimiter,
    create_task_group,
    from_thread,
    sleep,
    to_thread,
)
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, EmailStr

from stages.s06_survive_restart.runner import (
    IN_PROCESS,
    Queue,
    QueueGoneError,
    RunnerDep,
    SessionDep,
    run_here,
    send_again,
)
from stages.s06_survive_restart.tasks import (
    EmailContent,
    TaskLog,
    TaskName,
    call,
    get_logger,
    in_utc,
    prepare,
    required,
)

router = APIRouter()
Moment = Annotated[datetime, AfterValidator(in_utc)]


class TaskLogOut(BaseModel, from_attributes=True):
    id: int
    task_name: str
    status: str
    created_at: Moment
    completed_at: Moment | None
    error: str | None
    attempts: int


@router.post("/send-notification/{email}")
def send_notification(email: EmailStr, runner: RunnerDep) -> dict[str, str]:
    runner.enqueue("send-notification", email=email, message="Hello World!")
    return {"message": "Notification sent in the background"}


@router.post("/send-email/")
def schedule_email(content: EmailContent, runner: RunnerDep) -> dict[str, str]:
    runner.enqueue("send-email", content=content)
    count = len(content.recipients)
    message = f"Email will be sent to {count} recipients in the background"
    return {"status": "success", "message": message}


@router.post("/run-task/{task_name}")
def run_task(task_name: TaskName, runner: RunnerDep) -> dict[str, str]:
    runner.enqueue("run-task", task_name=task_name)
    return {"message": f"Task '{task_name}' scheduled"}


@router.get("/task-logs/", response_model=list[TaskLogOut])
def get_task_logs(db: SessionDep) -> Sequence[TaskLog]:
    latest = sa.select(TaskLog).order_by(TaskLog.id.desc()).limit(100)
    return db.scalars(latest).all()[::-1]


async def refuse(_: Request, error: Exception) -> Response:
    """Answer in ASCII: a lone surrogate that was sent has no UTF-8 form."""
    assert isinstance(error, RequestValidationError)
    detail = json.dumps({"detail": jsonable_encoder(error.errors())})
    return Response(detail, 422, media_type="application/json")


async def try_later(_: Request, error: Exception) -> Response:
    gone = "Queue" if isinstance(error, QueueGoneError) else "Database"
    reason = getattr(error, "orig", error)
    get_logger().error("%s not available: %s", gone, reason)
    return Response(f"{gone} not available", 503, {"Retry-After": "1"})


async def look_after(queue: Queue, app: FastAPI) -> None:
    """Send again what is overdue: at once, and then each second."""
    overrides, said = app.dependency_overrides, ""
    look = partial(call, send_again, queue, overrides=overrides)
    while True:
        try:
            await to_thread.run_sync(look)
            said = ""
        except Exception as error:
            if said != (said := str(error)):  # say it once
                get_logger().error("Overdue tasks have to wait: %s", error)
        await sleep(1)


def refuse_workers() -> None:
    """Say that this is not for several processes, if they are asked for."""
    asked = re.search(r"--workers[ =](\d+)", " ".join(sys.argv))
    workers = asked[1] if asked else os.environ.get("WEB_CONCURRENCY") or "1"
    with required("Leave out --workers: stages 7 to 9 have workers instead"):
        if workers != "1":
            raise ValueError(f"stage 6 is one process, not {workers}")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Prepare once, then look after the tasks for as long as it serves."""
    if app.state.queue is None:
        refuse_workers()
    prepare()
    few = CapacityLimiter(8)  # requests need threads too
    async with create_task_group() as group:

        async def run_again(log_id: int) -> None:
            overrides = app.dependency_overrides
            run = partial(call, run_here, log_id, overrides=overrides)
            await to_thread.run_sync(run, limiter=few)

        def later(log_id: int) -> None:
            from_thread.run_sync(group.start_soon, run_again, log_id)

        queue = app.state.queue or Queue(IN_PROCESS, later)
        group.start_soon(look_after, queue, app)
        yield
        group.cancel_scope.cancel()  # waits for those that have begun
    await queue.close()


def create_app(title: str, queue: Queue | None = None) -> FastAPI:
    """Put the endpoints and a queue together; without one, it works here."""
    app = FastAPI(title=title, lifespan=lifespan)
    app.state.queue = queue
    app.include_router(router)
    app.add_exception_handler(RequestValidationError, refuse)
    app.add_exception_handler(sa.exc.OperationalError, try_later)
    app.add_exception_handler(QueueGoneError, try_later)
    return app


app = create_app(__doc__)
