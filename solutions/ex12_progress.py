"""Exercise 12, solved: show every client how far a job is."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Response
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, Field

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
Step = Callable[[int], Awaitable[None]]


class NewJob(BaseModel):
    """What a client orders (ready)."""

    steps: int = Field(ge=1)


class JobState(BaseModel, frozen=True):
    """What a client sees of a job at one moment (ready)."""

    id: str
    status: Status = "queued"
    done: int = 0
    total: int
    percent: float = 0
    error: str | None = None

    @property
    def is_final(self) -> bool:
        return self.status in {"completed", "failed", "cancelled"}


class Job:
    """A job: its newest state, and whether it was asked to stop."""

    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed = asyncio.Event()  # this state is no longer the newest
        self.changed_at = time.monotonic()

    def update(self, **changes: object) -> None:
        """Put a new state in the place of the old one, and say so."""
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()
        self.changed.set()
        self.changed = asyncio.Event()


class JobStore:
    """Every job that runs, and the last jobs that have ended (ready)."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, total: int, max_finished: int) -> Job:
        """Make a job; forget the jobs that finished longest ago."""
        over = [job for job in self.jobs.values() if job.state.is_final]
        over.sort(key=lambda job: job.changed_at, reverse=True)
        for old in over[max_finished:]:
            del self.jobs[old.state.id]
        job = Job(total)
        self.jobs[job.state.id] = job
        return job


async def one_step(number: int) -> None:
    """Imitate a part of the work (ready)."""
    await asyncio.sleep(1)
    print(f"Step {number} is done")


def get_step() -> Step:
    """Provide one step of the work (ready)."""
    return one_step


def get_max_finished() -> int:
    """Say how many finished jobs are kept (ready)."""
    return 100


jobs = JobStore()


async def get_job_store() -> JobStore:
    """Provide the one store of this application (ready)."""
    return jobs


StoreDep = Annotated[JobStore, Depends(get_job_store)]


async def get_job(job_id: str, store: StoreDep) -> Job:
    """Provide the job of the path, or answer 404 (ready)."""
    if job_id not in store.jobs:
        raise HTTPException(404, "There is no such job")
    return store.jobs[job_id]


JobDep = Annotated[Job, Depends(get_job)]
Worker = Callable[[Job], Awaitable[None]]


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    job.update(status="cancelled")
                    return
                await step(number)
                job.update(done=number, percent=100 * number // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work


app = FastAPI(title="Exercise 12")


@app.post("/jobs/", status_code=202)
async def create_job(
    new: NewJob,
    response: Response,
    tasks: BackgroundTasks,
    store: StoreDep,
    worker: Annotated[Worker, Depends(get_worker)],
    max_finished: Annotated[int, Depends(get_max_finished)],
) -> JobState:
    """Begin a job (ready)."""
    job = store.add(new.steps, max_finished)
    tasks.add_task(worker, job)
    response.headers["Location"] = f"/jobs/{job.state.id}"
    return job.state


@app.get("/jobs/{job_id}")
async def show_job(job: JobDep) -> JobState:
    """Show the state of a job (ready)."""
    return job.state


@app.delete("/jobs/{job_id}", status_code=202)
async def stop_job(job: JobDep) -> JobState:
    """Ask a job to stop; the worker has to check that (ready)."""
    job.stop = True
    return job.state


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        await changed.wait()


# Why so: nobody hands states to listeners. There is one newest state, and an
# event that says "no longer"; who listens takes both at once, sends the
# state and waits. So a listener that is early, late, slow or gone is nobody
# else's concern, and the worker never waits for one. Whether it was the last
# is asked of the state that was sent, not of `job`, which may have gone on
# meanwhile. `//` rounds down, so that 199 of 200 is 99. And `get_job` answers
# 404 as a dependency: once a generator runs, the 200 is on its way.
#
# Another right way: a queue for each listener, into which `update` puts each
# new state with `put_nowait`, and which the listener takes out again in a
# `finally`; or simply look at `job.state` again after `asyncio.sleep(0.2)`.
