"""What a worker's processes need where their engine does not have it."""

import asyncio
import faulthandler
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Thread

import sqlalchemy as sa

from stages.s06_at_work.database import SessionDep, TaskLog
from stages.s06_at_work.errors import TaskError
from stages.s06_at_work.settings import TaskConfigDep, get_task_config
from stages.s06_at_work.tasks import call, run_task

# For ten tasks and those that hang: asyncio's own pool has 5 to 32 threads.
THREADS = ThreadPoolExecutor(40)


async def run_in_thread(log_id: int) -> None:
    """Wait for a task in a thread, up to its time limit.

    Nobody can end a thread: it goes on, and what it completes late is
    recorded. The worker is free for the next task.
    """
    limit = asyncio.timeout(get_task_config().time_limit)
    try:
        async with limit:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(THREADS, call, run_task, log_id)
    except TimeoutError:
        if limit.expired():  # otherwise the task's own, which is recorded
            await asyncio.to_thread(call, record_time_out, log_id)
        raise


def record_time_out(
    log_id: int, session: SessionDep, config: TaskConfigDep
) -> None:
    last = TaskLog.attempts >= config.max_attempts
    query = (
        sa.update(TaskLog)
        .where(TaskLog.id == log_id, TaskLog.status == "started")
        .values(
            status=sa.case((last, "dead"), else_="failed"),
            error=f"Time limit of {config.time_limit} s",
        )
    )
    session.execute(query)
    session.commit()


def time_is_up(*_: object) -> None:
    raise TaskError("the time limit is over")  # no OSError: smtplib hides it


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """End a task that hangs: only the main thread can be ended so.

    If it hangs where no exception can be raised, its process ends, with a
    traceback in the log.
    """
    signal.signal(signal.SIGALRM, time_is_up)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(seconds + 10, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()


def until_sigterm(function: Callable[[], object]) -> None:
    """Call it until SIGTERM, which does here what Ctrl-C does."""
    signal.signal(
        signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT)
    )
    with suppress(KeyboardInterrupt):
        function()


def end_with_parent(*_: object) -> None:
    """Call it in a child: nothing else tells it of its parent's kill -9."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, daemon=True).start()


def let_forks_end_with_parent() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=end_with_parent)
