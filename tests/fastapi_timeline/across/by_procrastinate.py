"""The cases with Procrastinate."""

import asyncio
import os
from contextlib import suppress

import procrastinate
from procrastinate.exceptions import UniqueViolation

from tests.fastapi_timeline.across import witness

URL = os.environ["ACROSS_URL"]
engine = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=URL),
    worker_defaults={"concurrency": 8, "update_heartbeat_interval": 0.3},
)
publisher = procrastinate.App(
    connector=procrastinate.SyncPsycopgConnector(conninfo=URL)
)
retry = procrastinate.RetryStrategy(max_attempts=1)


@engine.task(name="first", retry=retry)
def first(case: str) -> None:
    """Be the first task of a case."""
    witness.act(case, "first", publish)


@engine.task(name="second", retry=retry)
def second(case: str) -> None:
    """Be the second one."""
    witness.act(case, "second", publish)


def start() -> None:
    """Make the tables."""
    publisher.open()
    with suppress(UniqueViolation):
        if not publisher.check_connection():
            publisher.schema_manager.apply_schema()


def publish(case: str, name: str, delay: float = 0) -> None:
    """Hand a task over."""
    later = {"seconds": int(delay)} if delay else None
    publisher.configure_task(name, schedule_in=later).defer(case=case)


async def recover() -> None:
    """Put back what a killed worker had."""
    while True:
        stalled = engine.job_manager.get_stalled_jobs
        for job in await stalled(seconds_since_heartbeat=5):
            await engine.job_manager.retry_job(job)
        await asyncio.sleep(0.5)


async def serve() -> None:
    """Run jobs until the process ends."""
    async with engine.open_async():
        recovering = asyncio.create_task(recover())
        await engine.run_worker_async()
        recovering.cancel()


def work() -> None:
    """Be a worker."""
    start()
    asyncio.run(serve())
