"""Why only 40 threads for sync endpoints and tasks, and how do I limit them?

Answer: However many requests come, all `def` endpoints, dependencies and
background tasks of a process share one pool of at most 40 threads (AnyIO's
default limiter). The next one waits until a thread is free: 40 slow tasks
leave none for a `def` endpoint.

Instead: Give slow calls a limiter of their own, as `right` does, so that they
leave the 40 threads alone; or write them as `async def`, which needs no
thread. To increase the number for all, set `total_tokens` in the lifespan:
`anyio.to_thread.current_default_thread_limiter().total_tokens = 100`.

Since: all versions.

Proof: https://www.starlette.io/threadpool/ and `run_in_threadpool` in
starlette/concurrency.py; 40 stands in anyio/_backends/_asyncio.py.

Asked: https://github.com/fastapi/fastapi/issues/4221
https://github.com/fastapi/fastapi/issues/4552
https://github.com/Kludex/starlette/issues/1724

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/async/
"""

import asyncio
import threading

import anyio
from fastapi import BackgroundTasks, FastAPI
from fastapi.concurrency import run_in_threadpool

app = FastAPI()
SLOW_CALLS = 41


def call(meeting: threading.Barrier) -> None:
    """Stand in for a slow call: it ends when all of them have begun."""
    meeting.wait(timeout=2)  # or raises BrokenBarrierError


async def work() -> None:
    meeting = threading.Barrier(SLOW_CALLS)
    calls = [run_in_threadpool(call, meeting) for _ in range(SLOW_CALLS)]
    await asyncio.gather(*calls)


async def work_beside_the_pool() -> None:
    meeting = threading.Barrier(SLOW_CALLS)
    limiter = anyio.CapacityLimiter(100)  # one for the application is better
    calls = [
        anyio.to_thread.run_sync(call, meeting, limiter=limiter)
        for _ in range(SLOW_CALLS)
    ]
    await asyncio.gather(*calls)


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work)


@app.post("/right")
async def right(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work_beside_the_pool)
