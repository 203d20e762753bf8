"""The tasks, and how one of them is run from its row."""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import Depends
from sqlalchemy.orm import Session
from taskiq_dependencies import DependencyGraph

from stages.s06_at_work.database import (
    SessionFactoryDep,
    TaskLog,
    get_db,
    get_session_factory,
    record,
    utc_now,
)
from stages.s06_at_work.errors import TaskError, reason_of
from stages.s06_at_work.mail import EmailServiceDep
from stages.s06_at_work.notifications import NotificationDep
from stages.s06_at_work.payloads import PAYLOADS, Email, Notification, Work
from stages.s06_at_work.settings import LoggerDep, TaskConfigDep

Tasks = Mapping[str, Callable[[Session, Any], None]]


def get_tasks(
    write_notification: NotificationDep, send_email: EmailServiceDep
) -> Tasks:
    """Name each task, so that any process can run it from its row.

    A task does its slow work first and uses the session at its end: until
    then it holds no connection and no lock.
    """

    def notify(_: Session, payload: Notification) -> None:
        write_notification(payload.email, payload.message)

    def email(_: Session, payload: Email) -> None:
        send_email(payload.content, payload.message_id)

    def work(_: Session, payload: Work) -> None:
        time.sleep(0.1)  # real work takes longer
        if payload.task_name == "crash":
            raise TaskError("this task always crashes")

    return {"send-notification": notify, "send-email": email, "run-task": work}


TasksDep = Annotated[Tasks, Depends(get_tasks)]
TaskTracker = Callable[[int], None]  # takes the ID of a task's row


@lru_cache  # to build it takes longer than the rest of the UPDATE
def values_at_start(max_attempts: int) -> dict[str, Any]:
    """Count an attempt: one that ends its process never records a failure."""
    last = TaskLog.attempts >= max_attempts
    return {
        "status": sa.case((last, "dead"), else_="started"),
        "attempts": TaskLog.attempts + 1,
        "error": sa.case((last, "No attempt ended"), else_=TaskLog.error),
    }


def get_task_tracker(
    session_factory: SessionFactoryDep,
    tasks: TasksDep,
    config: TaskConfigDep,
    logger: LoggerDep,
) -> TaskTracker:
    def track_task(log_id: int) -> None:
        started = values_at_start(config.max_attempts)
        with session_factory.begin() as session:
            row = record(session, log_id, **started)
        if row is None or row.status == "dead":
            return  # a message that came twice, or once too often
        try:
            payload = PAYLOADS[row.kind].model_validate(row.payload)
            with session_factory() as session:
                tasks[row.kind](session, payload)
                ended = {"status": "completed", "completed_at": utc_now()}
                if record(session, log_id, error=None, **ended):
                    session.commit()  # else another worker was faster
        except Exception as error:
            dead = row.attempts >= config.max_attempts
            status = "dead" if dead else "failed"
            logger.exception("Task %s %s", log_id, status)
            with session_factory.begin() as session:
                record(session, log_id, status=status, error=reason_of(error))
            raise

    return track_task


TrackerDep = Annotated[TaskTracker, Depends(get_task_tracker)]


def run_task(log_id: int, track_task: TrackerDep) -> None:
    """Run a task from its row; what fails is recorded, and raised."""
    track_task(log_id)


# What app.dependency_overrides is to endpoints; the application shares it.
overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
get_graph = lru_cache(DependencyGraph)
T = TypeVar("T")


def call(function: Callable[..., T], *arguments: object) -> T:
    """Call a function with its dependencies where there is no request."""
    graph = get_graph(function)
    factory = overrides.get(get_session_factory, get_session_factory)
    with (
        factory()() as session,  # get_db itself is for requests: `async def`
        graph.sync_ctx({get_db: session}, overrides) as context,
    ):
        return function(*arguments, **context.resolve_kwargs())
