"""Procrastinate: python -m stages.s10_procrastinate.worker, or monitor."""

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Any

import procrastinate
import sqlalchemy as sa
from procrastinate import RetryDecision
from procrastinate.exceptions import ConnectorException, UniqueViolation
from sqlalchemy.orm import Session

from stages.s06_at_work import jobs, settings
from stages.s06_at_work.database import TaskLog
from stages.s06_at_work.queue import DatabaseQueue
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.time_limits import run_in_thread, until_sigterm

url = settings.get_database_config().database_url
logging.getLogger("procrastinate").setLevel(logging.ERROR)  # 3 lines a job


class Backoff(procrastinate.BaseRetryStrategy):
    def get_retry_decision(self, *, job: Any, **_: object) -> Any:
        """Procrastinate's own has neither jitter nor a longest pause."""
        pause = settings.get_task_config().pause_after(job.attempts + 1)
        return RetryDecision(retry_in={"milliseconds": round(1000 * pause)})


engine = procrastinate.App(  # beside each setting, what happens without it
    connector=procrastinate.PsycopgConnector(
        conninfo=url,
        kwargs={"tcp_user_timeout": 10_000},  # 15 min for a vanished server
    ),
    worker_defaults={
        "queues": ["stage10"],  # it runs the jobs of other applications too
        "concurrency": 10,  # it runs one task at a time
        "delete_jobs": "always",  # each job stays, and the row does anyway
        "install_signal_handlers": False,  # SIGTERM looks like a lost database
    },
)
# A worker's own `engine` is asynchronous, and cannot use such a connection.
publisher = procrastinate.App(
    connector=procrastinate.SyncPsycopgConnector(conninfo=url)
)


# One name for all kinds: a job with an unknown name is never tried again.
engine.task(name="run", queue="stage10", retry=Backoff())(run_in_thread)


class ProcrastinateQueue(DatabaseQueue):
    def start(self) -> None:
        if not url.startswith("postgresql"):
            raise ValueError("DATABASE_URL has to name a PostgreSQL")
        with publisher.open(), suppress(UniqueViolation):  # by another process
            if not publisher.check_connection():
                publisher.schema_manager.apply_schema()

    def publish_in(self, session: Session, log_id: int) -> bool:
        """Insert the job on the session's own connection."""
        kind = session.get_one(TaskLog, log_id).kind
        job = publisher.configure_task(
            "run",
            queue="stage10",
            connection=session.connection().connection.driver_connection,
            priority=0 if kind == "run-task" else 1,  # people come first
        )
        try:
            job.defer(log_id=log_id)
        except ConnectorException as error:  # else a 500, and not a 503
            raise sa.exc.OperationalError("defer", {}, error) from error
        return True


# The workers agree on who inserts a periodic job; not more than one waits.
@engine.periodic(cron="* * * * * */10")
@engine.task(name="recover", queue="stage10", queueing_lock="recover")
async def recover(timestamp: int) -> None:
    """Retry what killed workers had, those without a heartbeat for 30 s."""
    for job in await engine.job_manager.get_stalled_jobs():
        await engine.job_manager.retry_job(job)
    await asyncio.to_thread(jobs.outbox, ProcrastinateQueue())


@engine.periodic(cron="0 6 * * *")
@engine.task(name="report", queue="stage10", retry=Backoff())
def report(timestamp: int) -> None:
    jobs.report(ProcrastinateQueue())


async def work() -> None:
    async with engine.open_async():
        while True:
            with suppress(ConnectorException):  # the database has been away
                await engine.run_worker_async()
            await asyncio.sleep(1)


def main(mode: str = "worker") -> None:
    prepare(ProcrastinateQueue())
    if mode == "monitor":
        with publisher.open():
            print(*publisher.job_manager.list_queues(), sep="\n")
    else:
        until_sigterm(lambda: asyncio.run(work()))


if __name__ == "__main__":
    main(*sys.argv[1:])
