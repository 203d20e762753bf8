"""Why does memory grow while background tasks wait for their turn?

Answer: A task that waits holds its arguments, and its request, in memory.
FastAPI accepts any number of tasks: when they come faster than they end, each
waits for a thread, and what they hold piles up until the process is killed
(OOM). It is no leak: there is no limit, no back pressure.

Instead: Count the tasks that have not ended, and refuse a request above the
limit with 503 and Retry-After. Give a task an ID or a path, not the content.

Since: all versions.

Proof: `BackgroundTask` in starlette/background.py keeps `args`;
`run_in_threadpool` in starlette/concurrency.py waits without a limit.

Asked: https://github.com/fastapi/fastapi/issues/4304
https://github.com/fastapi/fastapi/issues/676
https://github.com/fastapi/fastapi/issues/1624
https://github.com/fastapi/fastapi/issues/857

Deeper: stage 6, notebooks/06_at_work.ipynb,
https://fastapi.tiangolo.com/tutorial/background-tasks/
"""

import threading
from collections.abc import Callable
from typing import Annotated
from weakref import WeakSet

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

MAX_WAITING = 10
app = FastAPI()
places = threading.Semaphore(MAX_WAITING)


class Report:
    """What a task needs: one megabyte."""

    def __init__(self) -> None:
        self.content = bytes(1_000_000)
        in_memory.add(self)


in_memory: WeakSet[Report] = WeakSet()
Work = Callable[[Report], None]


async def get_work() -> Work:  # a `def` would wait for a thread, too
    def work(report: Report) -> None:
        assert report.content

    return work


WorkDep = Annotated[Work, Depends(get_work)]


@app.post("/wrong", status_code=202)
async def accepts_all(
    background_tasks: BackgroundTasks, work: WorkDep
) -> None:
    background_tasks.add_task(work, Report())


@app.post("/right", status_code=202)
async def accepts_some(
    background_tasks: BackgroundTasks, work: WorkDep
) -> None:
    if not places.acquire(blocking=False):
        raise HTTPException(503, headers={"Retry-After": "10"})

    def work_and_leave(report: Report) -> None:
        try:
            work(report)
        finally:
            places.release()

    background_tasks.add_task(work_and_leave, Report())
