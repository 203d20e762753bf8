"""A worker: python -m stages.s10_procrastinate.worker [monitor]."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.signals import on_stop

from stages.s06_at_work.settings import get_logger
from stages.s06_at_work.start_up import prepare
from stages.s06_at_work.tasks import call
from stages.s10_procrastinate.queue import engine, prepare_queue


async def work() -> None:
    """Work; begin again when the database has been away."""
    # Threads for ten tasks and those that hang: without it, 5 to 32.
    threads = ThreadPoolExecutor(40)
    asyncio.get_running_loop().set_default_executor(threads)
    while True:
        try:
            await engine.open_async()
            await engine.run_worker_async()
        except (ConnectorException, psycopg.Error) as error:
            get_logger().warning("No database: %s", error.__cause__ or error)
        finally:
            await engine.close_async()
        await asyncio.sleep(1)


async def work_until_stopped() -> None:
    """Let SIGTERM end the worker when the running tasks have ended."""
    task = asyncio.create_task(work())

    def stop() -> None:
        task.cancel()

    with on_stop(stop), suppress(asyncio.CancelledError):
        await task


def monitor() -> None:
    with engine.open():
        for queue in engine.job_manager.list_queues():
            print(queue["name"], queue["stats"])


def main(mode: str = "worker") -> None:
    if mode == "monitor":
        monitor()
    else:
        prepare()
        call(prepare_queue)
        asyncio.run(work_until_stopped())


if __name__ == "__main__":
    main(*sys.argv[1:])
