"""DBOS: python -m stages.s11_dbos.worker NAME, or monitor."""

import logging
import sys
from asyncio import to_thread
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from threading import Event

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, SetEnqueueOptions
from sqlalchemy.orm import Session

from stages.s06_at_work import database, jobs, settings
from stages.s06_at_work.database import SessionDep, TaskLog, utc_now
from stages.s06_at_work.queue import DatabaseQueue
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import call
from stages.s06_at_work.time_limits import run_in_thread, until_sigterm
from stages.s11_dbos.sqlite import lock_folder

QUEUE = "stage11"
config = settings.get_task_config()
url = settings.get_database_config().database_url
SQLITE = url.startswith("sqlite")
logging.getLogger("dbos").setLevel(logging.WARNING)  # a line a migration


# What a step returns is recorded: a killed workflow resumes at the next one.
@DBOS.workflow(name="run", max_recovery_attempts=config.max_attempts)
async def run(log_id: int, attempt: int = 1) -> None:
    step = partial(DBOS.run_step_async, None)
    try:
        await step(run_in_thread, log_id)  # with DBOS's own time limit, its
        # row does not say why it failed
        notification_id = await step(to_thread, call, record, log_id)
        if notification_id:
            await step(run_in_thread, notification_id)
    except Exception:
        # With a step's own retries, a task keeps its place in the queue
        # through each pause: ten that fail would stop all others.
        with SetEnqueueOptions(delay_seconds=config.pause_after(attempt)):
            await DBOS.enqueue_workflow_async(QUEUE, run, log_id, attempt + 1)


def record(log_id: int, session: SessionDep) -> int | None:
    """Record whom to notify of an e-mail, once: a step may run twice."""
    sent = session.get_one(TaskLog, log_id)
    if (sent.kind, sent.status) != ("send-email", "completed"):
        return None
    email, key = sent.payload["content"]["recipients"][0], f"after {log_id}"
    log = session.scalar(sa.select(TaskLog).filter_by(idempotency_key=key))
    if not log:
        log = TaskLog(kind="send-notification", task_name="send-notification")
        log.payload = {"email": email, "message": "You have an e-mail"}
        log.idempotency_key, log.published_at = key, utc_now()
        session.add(log)
        session.commit()
    return log.id


class DBOSQueue(DatabaseQueue):
    def __init__(self, worker: str = "") -> None:
        """On SQLite the application is the only worker: it needs no server."""
        self.worker = worker or ("web" if SQLITE else "")
        engine = database.get_session_factory().kw["bind"]
        self.client = DBOSClient(system_database_engine=engine, lazy=True)

    def publish_in(self, session: Session, log_id: int) -> bool:
        self.client.enqueue_in_transaction(
            session, {"workflow_name": "run", "queue_name": QUEUE}, log_id
        )
        return True

    def start(self) -> None:
        if not self.worker:
            DBOS.migrate(url)
            return
        if SQLITE:
            lock_folder()
        DBOS(
            config={  # beside each setting, what happens without it
                "name": QUEUE,
                "system_database_url": url,
                "log_level": "WARNING",  # INFO, a line for each start
                # It recovers what a process of this name had: restart a
                # killed worker with its name, and give no two the same.
                "executor_id": self.worker,
                # A hash of the code: a deployment leaves what is on its way
                # to workers of the old version. Change it with the steps.
                "application_version": "1",
            }
        )
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=10,  # all that wait run at once, in threads
            polling_interval_sec=0.2,  # a task waits for up to 1 s
        )
        DBOS.apply_schedules(
            [
                {"schedule_name": name, "workflow_fn": job, "schedule": cron}
                for name, job, cron in SCHEDULE
            ]
        )

    def stop(self) -> None:  # without the limit, the tasks are killed
        DBOS.destroy(workflow_completion_timeout_sec=config.time_limit)


@DBOS.workflow()
def upkeep(_due: datetime, _context: object) -> None:
    """Publish what was revived; delete what is old: DBOS keeps all."""
    jobs.outbox(DBOSQueue())
    week_ago = (utc_now() - timedelta(days=7)).isoformat()
    done = DBOS.list_workflows(status="SUCCESS", end_time=week_ago)
    DBOS.delete_workflows([workflow.workflow_id for workflow in done])


@DBOS.workflow()
def report(_due: datetime, _context: object) -> None:
    jobs.report(DBOSQueue())


SCHEDULE = [("upkeep", upkeep, "* * * * *"), ("report", report, "0 6 * * *")]


def main(worker: str = "local") -> None:
    if worker == "monitor":
        workflows = DBOSQueue().client.list_workflows(queue_name=QUEUE)
        print(Counter(workflow.status for workflow in workflows))
        return
    queue = DBOSQueue(worker)
    prepare(queue)
    until_sigterm(Event().wait)
    queue.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
