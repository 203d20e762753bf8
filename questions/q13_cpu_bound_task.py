"""How do I run CPU-bound work in the background without blocking the API?

Answer: A background task runs in the server's process. As `async def`, a high
CPU load blocks the event loop. As `def` it has a thread, but Python runs one
thread at a time (the GIL), so every request becomes slow.

Instead: Hand the work to another process: a ProcessPoolExecutor that the
lifespan opens, and an `async def` task that awaits it. A worker of a queue
(stages 7 to 11) is another process, too, and its work survives this one.

Since: all versions. A Python without the GIL was not tried.

Proof: https://docs.python.org/3/library/asyncio-eventloop.html
("Executing code in thread or process pools").

Asked: https://github.com/fastapi/fastapi/issues/1806
https://github.com/fastapi/fastapi/issues/2961

Deeper: stage 8, notebooks/08_rq.ipynb,
https://fastapi.tiangolo.com/async/
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, Request

ran_in: list[int] = []  # in which process


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    context = multiprocessing.get_context("spawn")  # a server has threads
    with ProcessPoolExecutor(1, context) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


def compute() -> int:
    sum(range(1_000_000))
    return os.getpid()


def work() -> None:
    ran_in.append(compute())


async def work_elsewhere(pool: ProcessPoolExecutor) -> None:
    loop = asyncio.get_running_loop()
    ran_in.append(await loop.run_in_executor(pool, compute))


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work)


@app.post("/right")
async def right(request: Request, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work_elsewhere, request.app.state.pool)
