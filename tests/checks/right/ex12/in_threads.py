# Axis: everything is def: the worker runs in a thread, so does each listener; they look again and again.

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated
from uuid import uuid4

import anyio
import anyio.from_thread
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Response
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, Field

lock = threading.Lock()
store: dict[str, "Job"] = {}
finished: list[str] = []
stopped: set[str] = set()


class NewJob(BaseModel):
    steps: int = Field(gt=0)


class Job(BaseModel):
    id: str
    status: str = "queued"
    done: int = 0
    total: int
    percent: int = 0
    error: str = ""


async def one_step(number: int) -> None:
    await anyio.sleep(1)


def get_step() -> Iterator[Callable[[int], Awaitable[None]]]:
    yield one_step


def get_job_store() -> dict[str, Job]:
    return store


def get_max_finished() -> int:
    return 10


StoreDep = Annotated[dict[str, Job], Depends(get_job_store)]
StepDep = Annotated[Callable[[int], Awaitable[None]], Depends(get_step)]


def find(job_id: str, jobs: StoreDep) -> str:
    if job_id not in jobs:
        raise HTTPException(404)
    return job_id


FoundDep = Annotated[str, Depends(find)]


def put(key: str, **values: object) -> None:
    with lock:
        store[key] = store[key].model_copy(update=values)
        if store[key].status not in {"queued", "running"}:
            finished.append(key)


def work(key: str, step: Callable[[int], Awaitable[None]]) -> None:
    total = store[key].total
    put(key, status="running")
    for number in range(1, total + 1):
        if key in stopped:
            put(key, status="cancelled")
            return
        try:
            anyio.from_thread.run(step, number)
        except Exception as exc:
            put(key, status="failed", error=str(exc))
            return
        if number < total:
            put(key, done=number, percent=min(99, round(100 * number / total)))
    put(key, status="completed", done=total, percent=100)


app = FastAPI()


@app.post("/jobs/", status_code=202)
def create(
    new: NewJob,
    response: Response,
    tasks: BackgroundTasks,
    step: StepDep,
    keep: Annotated[int, Depends(get_max_finished)],
) -> Job:
    job = Job(id=uuid4().hex, total=new.steps)
    with lock:
        while len(finished) > keep:
            del store[finished.pop(0)]
        store[job.id] = job
    tasks.add_task(work, job.id, step)
    response.headers["Location"] = f"/jobs/{job.id}"
    return job


@app.get("/jobs/{job_id}")
def show(key: FoundDep) -> Job:
    return store[key]


@app.delete("/jobs/{job_id}", status_code=202)
def stop(key: FoundDep) -> str:
    stopped.add(key)
    return "It will stop"


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
def events(key: FoundDep) -> Iterator[Job]:
    while True:
        job = store[key]
        yield job
        if job.status not in {"queued", "running"}:
            return
        time.sleep(0.02)
