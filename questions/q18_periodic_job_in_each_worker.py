"""Why does my scheduled job run several times with multiple workers?

Answer: `uvicorn --workers 4` starts four processes, and each one runs the
lifespan (or `on_event("startup")`): four schedulers, so a periodic task such
as APScheduler's or `repeat_every` is executed four times.

Instead: Give the schedule a process of its own: Celery beat, or the periodic
jobs of the engines in stages 7 to 11. On a single host a file lock is enough:
the worker that holds it runs the job, and the system frees it when that worker
dies.

Since: all versions.

Proof: https://fastapi.tiangolo.com/deployment/server-workers/ (each worker is
a process with an application of its own).

Try: uvicorn questions.q18_periodic_job_in_each_worker:app --workers 2,
and read which process prints what.

Asked: https://github.com/fastapi/fastapi/issues/12010
https://github.com/fastapi/fastapi/issues/4526
https://github.com/fastapiutils/fastapi-utils/issues/230

Deeper: stage 10, notebooks/10_procrastinate.ipynb,
https://fastapi.tiangolo.com/advanced/events/
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

HOUR = 3600


async def job(name: str) -> None:
    while True:
        print(f"{name} by {os.getpid()}", flush=True)
        await asyncio.sleep(HOUR)


async def wrong() -> None:
    await job("wrong")


async def right() -> None:
    lock = os.open("job.lock", os.O_CREAT)  # open as long as the process
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"{os.getpid()} leaves it to another worker", flush=True)
    else:
        await job("right")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    jobs = [asyncio.create_task(each()) for each in (wrong, right)]
    yield
    for each in jobs:
        each.cancel()


app = FastAPI(lifespan=lifespan)
