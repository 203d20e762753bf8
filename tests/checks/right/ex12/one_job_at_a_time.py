# Axis: one task for all jobs, started in the lifespan: the others wait in a queue.

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    app.state.waiting = asyncio.Queue()

    async def do_all() -> None:
        while True:
            work, job = await app.state.waiting.get()
            with contextlib.suppress(Exception):  # it is in the job
                await work(job)

    task = asyncio.create_task(do_all())
    yield
    task.cancel()


app.router.lifespan_context = lifespan


@app.post("/jobs/", status_code=202)
async def create_job(
    new: NewJob,
    response: Response,
    store: StoreDep,
    worker: Annotated[Worker, Depends(get_worker)],
    max_finished: Annotated[int, Depends(get_max_finished)],
) -> JobState:
    job = store.add(new.steps, max_finished)
    app.state.waiting.put_nowait((worker, job))
    response.headers["Location"] = f"/jobs/{job.state.id}"
    return job.state
