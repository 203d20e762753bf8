"""The engine, and the queue that lies in the same database as the data."""

import asyncio
import logging
import random
from contextlib import suppress
from typing import Any

import procrastinate
import sqlalchemy as sa
from procrastinate.exceptions import ConnectorException
from sqlalchemy.orm import Session

from stages.s06_at_work.database import SessionDep, TaskLog
from stages.s06_at_work.queue import Queue
from stages.s06_at_work.report import start_report
from stages.s06_at_work.settings import get_database_config, get_task_config
from stages.s06_at_work.tasks import call
from stages.s06_at_work.threads import run_in_thread

config = get_task_config()
# It has a line for each job; the tasks have their own.
logging.getLogger("procrastinate").setLevel(logging.WARNING)
url = sa.make_url(get_database_config().database_url)


class Connector(procrastinate.PsycopgConnector):
    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """Wait for the database to record how a job ended.

        Else the job stays "doing", and nobody takes it from a living worker.
        """
        for _ in range(60):
            with suppress(ConnectorException):
                await super().execute_query_async(query, **arguments)
                return
            await asyncio.sleep(1)
        await super().execute_query_async(query, **arguments)


class Backoff(procrastinate.BaseRetryStrategy):
    """Retry every error after 1, 2, 4 … s; the row says when it is enough.

    Procrastinate's own RetryStrategy has neither a cap nor jitter.
    """

    def get_retry_decision(self, *, exception: Any, job: Any) -> Any:
        pause = min(2 ** min(job.attempts, 20), config.longest_pause)
        milliseconds = int(pause * random.uniform(500, 1000))  # noqa: S311
        retry_in: Any = {"milliseconds": milliseconds}
        return procrastinate.RetryDecision(retry_in=retry_in)


engine = procrastinate.App(  # beside each setting, what happens without it
    connector=Connector(
        conninfo=url.set(drivername="postgresql").render_as_string(
            hide_password=False
        ),
        timeout=5,  # a worker waits 30 s for a connection,
        # and up to 15 minutes for a server that vanished.
        kwargs={"connect_timeout": 5, "tcp_user_timeout": 10_000},
    ),
    worker_defaults={
        "queues": ["stage10"],  # it runs the jobs of other applications too
        "concurrency": 10,  # it runs one task at a time
        "delete_jobs": "successful",  # each job stays; our row does anyway
        "install_signal_handlers": False,  # SIGTERM looks like a lost database
    },
)


# One name for all kinds: a job whose name a worker does not know has failed
# for good (it may be of an older version); an unknown kind is retried.
@engine.task(name="run", queue="stage10", retry=Backoff())
async def run(log_id: int) -> None:
    await run_in_thread(log_id)


class ProcrastinateQueue(Queue):
    def publish_in(self, session: Session, log_id: int) -> bool:
        """Insert the job on the session's own connection."""
        log = session.get_one(TaskLog, log_id)
        job = run.configure(
            connection=session.connection().connection.driver_connection,
            priority=0 if log.kind == "run-task" else 1,  # people first
        )
        try:
            job.defer(log_id=log_id)
        except ConnectorException as error:  # make it the session's own: 503
            cause = error.__cause__ or error
            raise sa.exc.OperationalError("defer", {}, cause) from error
        return True


# Periodic work: the workers agree on who inserts the job, and by its
# `queueing_lock` not more than one waits.
@engine.periodic(cron="* * * * * */10")
@engine.task(name="recover", queue="stage10", queueing_lock="recover")
async def recover(timestamp: int) -> None:
    """Retry the jobs of workers without a heartbeat for 30 s: nobody else."""
    for job in await engine.job_manager.get_stalled_jobs():
        await engine.job_manager.retry_job(job)


@engine.periodic(cron="0 3 * * *")
@engine.task(name="clean", queue="stage10", queueing_lock="clean")
async def clean(timestamp: int) -> None:
    """Delete what failed a week ago; by default it stays."""
    await engine.job_manager.delete_old_jobs(168, include_failed=True)


@engine.periodic(cron="0 6 * * *")
@engine.task(
    name="report", queue="stage10", queueing_lock="report", retry=Backoff()
)
def report(timestamp: int) -> None:
    call(start_report, ProcrastinateQueue())


def prepare_queue(session: SessionDep) -> None:
    """Make the engine's tables, once, also if two processes start together."""
    if url.get_backend_name() != "postgresql":
        raise RuntimeError("Stage 10 needs PostgreSQL: set DATABASE_URL.")
    connection = session.connection()
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(10)"))
    if not sa.inspect(connection).has_table("procrastinate_jobs"):
        schema = engine.schema_manager.get_schema()
        connection.connection.cursor().execute(schema)
    session.commit()
