"""The tasks as workflows of durable steps, and the queue that holds them."""

import asyncio
import logging
import random
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, EnqueueOptions, SetEnqueueOptions
from sqlalchemy.orm import Session

from stages.s06_at_work.database import (
    SessionDep,
    TaskLog,
    get_session_factory,
)
from stages.s06_at_work.queue import Queue, publish_overdue
from stages.s06_at_work.report import start_report
from stages.s06_at_work.settings import get_task_config
from stages.s06_at_work.tasks import call
from stages.s06_at_work.threads import run_in_thread

QUEUE = "stage11"
config = get_task_config()
# It has a line for each of its hundred migrations.
logging.getLogger("dbos").setLevel(logging.WARNING)


# Three steps for an e-mail, one for the rest. What a step returns is recorded:
# a workflow that was killed resumes after the last step that is.
@DBOS.workflow(name="run", max_recovery_attempts=config.max_attempts)
async def run(log_id: int, attempt: int = 1) -> None:
    try:
        if await run_step(log_id) == "send-email":
            await run_step(await record_step(log_id))
    except Exception:
        # With a step's own retries, a task keeps its place in the queue
        # through every pause: ten that fail would stop all others.
        pause = min(2.0 ** min(attempt, 20), config.longest_pause)
        pause *= random.uniform(0.5, 1)  # noqa: S311
        with SetEnqueueOptions(delay_seconds=pause):
            await DBOS.enqueue_workflow_async(QUEUE, run, log_id, attempt + 1)


# With DBOS's own limits a hanging task is never tried again (a workflow's), or
# its row does not say why (a step's).
@DBOS.step()
async def run_step(log_id: int) -> str | None:
    await run_in_thread(log_id)
    return await asyncio.to_thread(call, kind_of_completed, log_id)


def kind_of_completed(log_id: int, session: SessionDep) -> str | None:
    log = session.get_one(TaskLog, log_id)
    return log.kind if log.status == "completed" else None


@DBOS.step()
async def record_step(log_id: int) -> int:
    return await asyncio.to_thread(call, record, log_id)


def record(log_id: int, session: SessionDep) -> int:
    """Record whom to notify. The key: this may run twice, as any step may."""
    key = f"notification for {log_id}"
    query = sa.select(TaskLog).where(TaskLog.idempotency_key == key)
    log = session.scalar(query)
    if not log:
        content = session.get_one(TaskLog, log_id).payload["content"]
        email, message = content["recipients"][0], "You have an e-mail"
        log = TaskLog(
            kind="send-notification",
            task_name="send-notification",
            payload={"email": email, "message": message},
            idempotency_key=key,
            published_at=sa.func.now(),
        )
        session.add(log)
        session.commit()
    return log.id


class DBOSQueue(Queue):
    def __init__(self) -> None:
        engine = get_session_factory().kw["bind"]
        self.client = DBOSClient(system_database_engine=engine, lazy=True)

    def publish_in(self, session: Session, log_id: int) -> bool:
        options: EnqueueOptions = {
            "workflow_name": "run",
            "queue_name": QUEUE,
        }
        self.client.enqueue_in_transaction(session, options, log_id)
        return True

    def publish(self, log_id: int) -> None:
        """For the outbox job: what was cancelled, or its worker is gone."""
        with get_session_factory().begin() as session:
            self.publish_in(session, log_id)


@DBOS.workflow(name="outbox")
def outbox(_due: datetime, _context: object) -> None:
    call(publish_overdue, DBOSQueue())


@DBOS.workflow(name="report")
def report(_due: datetime, _context: object) -> None:
    call(start_report, DBOSQueue())


@DBOS.workflow(name="clean")
def clean(_due: datetime, _context: object) -> None:
    """Delete what ended a week ago: DBOS keeps all."""
    week_ago = (datetime.now(UTC) - timedelta(days=7)).isoformat()
    ended = ["SUCCESS", "ERROR", "CANCELLED"]
    DBOS.run_step(None, delete, ended, week_ago)


def delete(status: list[str], before: str) -> None:
    old = DBOS.list_workflows(
        status=status, end_time=before, load_input=False, load_output=False
    )
    DBOS.delete_workflows([workflow.workflow_id for workflow in old])
