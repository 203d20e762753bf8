"""A time limit for a task, where its engine has none."""

import asyncio
import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from stages.s06_at_work.database import SessionDep, TaskLog
from stages.s06_at_work.settings import TaskConfigDep, get_task_config
from stages.s06_at_work.tasks import call, run_task


def time_is_up(*_: object) -> None:
    raise TimeoutError("The task took too long")


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


async def run_in_thread(log_id: int) -> None:
    """Wait for a task in a thread, up to its time limit.

    Nobody can end a thread: it goes on, and what it completes late is
    recorded. The worker is free for the next task.
    """
    limit = asyncio.timeout(get_task_config().time_limit)
    try:
        async with limit:
            await asyncio.to_thread(call, run_task, log_id)
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
