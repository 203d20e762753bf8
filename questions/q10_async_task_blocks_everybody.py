"""Why does my `async def` background task block all other requests?

Answer: An `async def` task runs on the event loop, the one thread that serves
every request. If it calls something that blocks, such as `time.sleep`,
`requests` or a synchronous database driver, nothing else happens until that
returns: the whole API freezes while the task is running, and each client
waits.

Instead: Make the task a plain `def`: it runs in a worker thread, and the
event loop goes on. Use `async def` only where everything slow is awaited.

Since: all versions.

Proof: `BackgroundTask.__call__` in starlette/background.py: a coroutine is
awaited, all else goes to `run_in_threadpool`.

Asked: https://github.com/fastapi/fastapi/issues/1313
https://github.com/Kludex/starlette/issues/2972
https://github.com/fastapi/fastapi/issues/404

Deeper: stage 5, notebooks/05_task_tracker.ipynb,
https://fastapi.tiangolo.com/async/
"""

import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
order: list[str] = []


async def work() -> None:
    order.append("work began")
    time.sleep(0.1)
    order.append("work ended")


def work_in_a_thread() -> None:
    order.append("work began")
    time.sleep(0.1)
    order.append("work ended")


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work)


@app.post("/right")
async def right(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work_in_a_thread)


@app.get("/ping")
async def ping() -> None:
    order.append("ping")
