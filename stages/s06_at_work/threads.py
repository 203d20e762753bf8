"""A time limit where an engine runs tasks in threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from stages.s06_at_work.database import SessionDep, TaskLog
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
