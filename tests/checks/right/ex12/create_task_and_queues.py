# Axis: create_task, the step under way is interrupted, a queue for each listener, the stream by hand.

import asyncio
import contextlib
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

app = FastAPI()


class NewJob(BaseModel):
    steps: Annotated[int, Field(ge=1)]


class Job:
    def __init__(self, number: int, total: int) -> None:
        self.shown: dict[str, Any] = {
            "id": number,
            "status": "queued",
            "done": 0,
            "total": total,
            "percent": 0,
            "error": None,
            "kind": "report",
        }
        self.listeners: set[asyncio.Queue[str]] = set()
        self.task: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        return json.dumps(self.shown, indent=1)

    @property
    def over(self) -> bool:
        return self.shown["status"] in ("completed", "failed", "cancelled")

    def set(self, **values: Any) -> None:
        self.shown.update(values)
        for listener in self.listeners:
            listener.put_nowait(self.text)


class JobStore:
    def __init__(self) -> None:
        self.numbers = itertools.count()
        self.jobs: dict[int, Job] = {}
        self.finished: deque[int] = deque()

    def forget(self, keep: int) -> None:
        while len(self.finished) > keep:
            del self.jobs[self.finished.popleft()]


app.state.store = JobStore()


async def one_step(number: int) -> None:
    await asyncio.sleep(1)


class StepProvider:
    def __call__(self) -> Callable[[int], Awaitable[None]]:
        return one_step


get_step = StepProvider()


async def get_job_store(request: Request) -> AsyncIterator[JobStore]:
    yield request.app.state.store


async def get_max_finished() -> int:
    return 50


async def get_job(
    number: Annotated[int, Path(alias="id")],
    store: Annotated[JobStore, Depends(get_job_store)],
) -> Job:
    try:
        return store.jobs[number]
    except KeyError:
        raise HTTPException(404) from None


async def work(
    job: Job, store: JobStore, step: Callable[[int], Awaitable[None]]
) -> None:
    total = job.shown["total"]
    job.set(status="running")
    try:
        for number in range(1, total + 1):
            await step(number)
            job.set(done=number, percent=int(100 * number / total))
    except asyncio.CancelledError:
        job.set(status="cancelled")
    except Exception as exc:
        job.set(status="failed", error=f"{type(exc).__name__}: {exc}")
    else:
        job.set(status="completed")
    finally:
        store.finished.append(job.shown["id"])


@app.post("/jobs/")
async def create(
    new: NewJob,
    store: Annotated[JobStore, Depends(get_job_store)],
    keep: Annotated[int, Depends(get_max_finished)],
    step: Annotated[Callable[[int], Awaitable[None]], Depends(get_step)],
) -> JSONResponse:
    store.forget(keep)
    number = next(store.numbers)
    job = store.jobs[number] = Job(number, new.steps)
    job.task = asyncio.create_task(work(job, store, step))
    return JSONResponse(job.shown, 202, {"Location": f"/jobs/{number}"})


@app.get("/jobs/{id}")
async def show(job: Annotated[Job, Depends(get_job)]) -> dict[str, Any]:
    return job.shown


@app.delete("/jobs/{id}", status_code=202)
async def stop(job: Annotated[Job, Depends(get_job)]) -> None:
    if not job.over:
        job.task.cancel()


@app.get("/jobs/{id}/events")
async def events(job: Annotated[Job, Depends(get_job)]) -> StreamingResponse:
    async def stream() -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        job.listeners.add(queue)
        try:
            queue.put_nowait(job.text)
            while not job.over or not queue.empty():
                with contextlib.suppress(asyncio.TimeoutError):
                    text = await asyncio.wait_for(queue.get(), 10)
                    lines = text.replace("\n", "\r\ndata:")
                    yield f": hello\r\nretry: 500\r\ndata:{lines}\r\n\r\n"
        finally:
            job.listeners.discard(queue)

    return StreamingResponse(stream(), media_type="text/event-stream")
