"""What happens to running background tasks at shutdown (SIGTERM, Ctrl-C)?

Answer: uvicorn says "Waiting for background tasks to complete" and waits as
long as they run. At a deploy or a restart, a host waits for some seconds and
then kills the process or pod: its tasks are lost. With
`--timeout-graceful-shutdown 5` uvicorn cancels after five seconds: an
`async def` task gets a CancelledError at its `await`; a `def` task cannot be
cancelled and keeps the process alive until it ends.

Instead: Set `--timeout-graceful-shutdown` below the host's limit, catch
CancelledError in the task, note what is left undone, and raise it again.
What must not be lost belongs to a queue (stages 6 to 11).

Since: the option since uvicorn 0.22; all versions of FastAPI.

Proof: `shutdown` in uvicorn/server.py.

Try: uvicorn questions.q17_shutdown_with_running_tasks:app
--timeout-graceful-shutdown 2, then POST /wrong or /right, and Ctrl-C.

Asked: https://github.com/Kludex/uvicorn/issues/2119
https://github.com/Kludex/uvicorn/pull/1950
https://github.com/Kludex/uvicorn/issues/451

Deeper: stage 11, notebooks/11_dbos.ipynb,
https://www.uvicorn.org/settings/#timeouts
"""

import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
MINUTE = 60


async def work() -> None:
    print("work began", flush=True)
    await asyncio.sleep(MINUTE)
    print("work ended", flush=True)


async def work_that_can_be_stopped() -> None:
    try:
        await work()
    except asyncio.CancelledError:
        print("left undone: work", flush=True)  # better: in the database
        raise


@app.post("/wrong")
async def wrong(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work)


@app.post("/right")
async def right(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work_that_can_be_stopped)
