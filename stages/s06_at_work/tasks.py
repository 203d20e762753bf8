"""The tasks, and how one of them is run from its row."""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import Depends
from pydantic import BaseModel, EmailStr, Field
from sqlalchemy.orm import Session
from taskiq_dependencies import DependencyGraph

from stages.s06_at_work.database import (
    ENDED,
    SessionFactoryDep,
    TaskLog,
    utc_now,
)
from stages.s06_at_work.mail import ONE_LINE, EmailContent, EmailServiceDep
from stages.s06_at_work.settings import (
    NOTIFICATIONS,
    LoggerDep,
    TaskConfigDep,
)

TaskName = Annotated[str, Field(pattern=ONE_LINE)]
NotificationTask = Callable[[str, str], None]  # takes an address, a message


def get_notification_task(logger: LoggerDep) -> NotificationTask:
    def write_notification(email: str, message: str) -> None:
        logger.info("Sending notification to %s", email)
        with NOTIFICATIONS.open("a", encoding="utf-8") as file:
            file.write(f"Notification for {email}: {message}\n")
        logger.info("Notification sent to %s", email)

    return write_notification


NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]


class Payload(BaseModel, extra="forbid"):
    """Checked when a row is written and again when it is read."""


class Notification(Payload):
    email: EmailStr
    message: str


class Email(Payload):
    content: EmailContent
    message_id: str


class Work(Payload):
    task_name: TaskName


PAYLOADS: dict[str, type[Payload]] = {
    "send-notification": Notification,
    "send-email": Email,
    "run-task": Work,
}
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
        time.sleep(0.1)  # stands in for real work
        if payload.task_name == "crash":
            raise ValueError("this task always crashes")

    return {"send-notification": notify, "send-email": email, "run-task": work}


TasksDep = Annotated[Tasks, Depends(get_tasks)]
TaskTracker = Callable[[int], None]  # takes the ID of a task's row


def get_task_tracker(
    session_factory: SessionFactoryDep,
    tasks: TasksDep,
    config: TaskConfigDep,
    logger: LoggerDep,
) -> TaskTracker:
    def record(session: Session, log_id: int, **values: object) -> bool:
        """Write to the row, unless the task has ended; say if it did."""
        query = sa.update(TaskLog).where(
            TaskLog.id == log_id, TaskLog.status.not_in(ENDED)
        )
        result = session.execute(
            query.values(values).returning(TaskLog.id)
        )
        return result.one_or_none() is not None

    def track_task(log_id: int) -> None:
        with session_factory.begin() as session:
            started = {"status": "started", "attempts": TaskLog.attempts + 1}
            if not record(session, log_id, **started):
                return  # a message that came twice
            log = session.get_one(TaskLog, log_id)
        try:
            payload = PAYLOADS[log.kind].model_validate(log.payload)
            with session_factory.begin() as session:
                tasks[log.kind](session, payload)
                completed = {"status": "completed", "completed_at": utc_now()}
                if not record(session, log_id, **completed):
                    session.rollback()  # another worker was faster
        except Exception as error:
            dead = log.attempts >= config.max_attempts
            logger.exception("Task %s failed", log_id)
            with session_factory.begin() as session:
                record(
                    session,
                    log_id,
                    status="dead" if dead else "failed",
                    error=f"{type(error).__name__}: {error}",
                )
            raise

    return track_task


TrackerDep = Annotated[TaskTracker, Depends(get_task_tracker)]


def run_task(log_id: int, track_task: TrackerDep) -> None:
    """Run a task from its row; what fails is recorded, and raised."""
    track_task(log_id)


# In a worker, what app.dependency_overrides is in a web application.
overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
get_graph = lru_cache(DependencyGraph)
T = TypeVar("T")


def call(function: Callable[..., T], *arguments: object) -> T:
    """Call a function with its dependencies where there is no request."""
    graph = get_graph(function)
    with graph.sync_ctx(replaced_deps=overrides) as context:
        return function(*arguments, **context.resolve_kwargs())
