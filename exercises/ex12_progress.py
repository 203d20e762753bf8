"""Exercise 12: say how far a job is, to all who listen.

Story
    A report takes minutes. People who order one see nothing for minutes,
    order another to be sure, and can stop neither. They want to see a bar
    that moves, and a button that says "Stop".

Build
    A job is a number of steps. `POST /jobs/` with {"steps": 5} answers 202
    with the job as it is then, "queued", and with its path in `Location`;
    `GET /jobs/{id}` shows it, `DELETE /jobs/{id}` asks it to stop. All that
    is given. Build what is behind it:
    - The worker takes a job and awaits step(1), step(2), … one after the
      other. It writes down where it is, by `job.update(status=…)`: first
      "running", in the end "completed". After each step, `done` is the
      number of steps that are done, and `percent` 100 * done / total, with
      or without decimals. It never falls, and it is 100 only when the last
      step is done: 199 of 200 are not 100 percent.
    - A step that raises ends the job: "failed", the exception's text in
      `error`, `done` and `percent` as they were.
    - Once a job was asked to stop, none of its steps begins any more; the
      one under way may end. Then it is "cancelled". Other jobs go on, and a
      job that is over stays as it is.
    - `GET /jobs/{id}/events` sends server-sent events. The data of each is
      the job's JSON, just as GET would show it. The first comes at once,
      then one for any news: look for them at least once a second. States may
      be left out or come twice, but none goes back. The last is final,
      "completed", "failed" or "cancelled", and then the response ends.
    Any number of clients may listen to a job, from the beginning or when it
    is long over. One that leaves early harms neither the job nor the others,
    and one that waits for news uses almost no processor time.

    For an unknown job, `get_job` (given) answers 404. It is a dependency for
    a reason: when the body of a generator begins to run, the status 200 is
    already sent. A 404 that is raised there comes too late: the client gets
    200, and no event.

Names the checks rely on
    app               the application
    get_step          gives `async def step(number: int) -> None` (given)
    get_max_finished  gives how many finished jobs are kept (given)
    get_job_store     gives the one store of the application (given)

Builds on exercise 11 and on stages/s05_task_tracker.py. To try it yourself:
uvicorn exercises.ex12_progress:app

Notebook: notebooks/projects.ipynb
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    Request,
    Response,
)
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, Field

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
Step = Callable[[int], Awaitable[None]]


class NewJob(BaseModel):
    """What a client orders (given)."""

    steps: int = Field(ge=1)


class JobState(BaseModel, frozen=True):
    """What a client sees of a job at one moment (given)."""

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
    """A job: its newest state, and whether it was asked to stop (given)."""

    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()

    def update(self, **changes: object) -> None:
        """Put a new state in the place of the old one."""
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()


class JobStore:
    """Every job that goes on, and the last that are over (given)."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, total: int, max_finished: int) -> Job:
        """Make a job; forget what finished longest ago."""
        over = [job for job in self.jobs.values() if job.state.is_final]
        over.sort(key=lambda job: job.changed_at, reverse=True)
        for old in over[max_finished:]:
            del self.jobs[old.state.id]
        job = Job(total)
        self.jobs[job.state.id] = job
        return job


async def one_step(number: int) -> None:
    """Stand in for a part of the work (given)."""
    await asyncio.sleep(1)
    print(f"Step {number} is done")


def get_step() -> Step:
    """Provide one step of the work (given)."""
    return one_step


def get_max_finished() -> int:
    """Say how many finished jobs are kept (given)."""
    return 100


jobs = JobStore()


async def get_job_store() -> JobStore:
    """Provide the one store of this application (given)."""
    return jobs


StoreDep = Annotated[JobStore, Depends(get_job_store)]


async def get_job(job_id: str, store: StoreDep) -> Job:
    """Provide the job of the path, or answer 404 (given)."""
    if job_id not in store.jobs:
        raise HTTPException(404, "There is no such job")
    return store.jobs[job_id]


JobDep = Annotated[Job, Depends(get_job)]
Worker = Callable[[Job], Awaitable[None]]


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    # TODO: give an async function that takes a job and does all its steps.
    # TODO: before each step, let it look whether the job has to stop.
    raise NotImplementedError("get_worker gives no worker yet")


app = FastAPI(title="Exercise 12")


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (given)."""
    return JSONResponse({"to do": str(error)}, 501)


@app.post("/jobs/", status_code=202)
async def create_job(
    new: NewJob,
    response: Response,
    tasks: BackgroundTasks,
    store: StoreDep,
    worker: Annotated[Worker, Depends(get_worker)],
    max_finished: Annotated[int, Depends(get_max_finished)],
) -> JobState:
    """Begin a job (given)."""
    job = store.add(new.steps, max_finished)
    tasks.add_task(worker, job)
    response.headers["Location"] = f"/jobs/{job.state.id}"
    return job.state


@app.get("/jobs/{job_id}")
async def show_job(job: JobDep) -> JobState:
    """Say how far it is (given)."""
    return job.state


@app.delete("/jobs/{job_id}", status_code=202)
async def stop_job(job: JobDep) -> JobState:
    """Ask it to stop; the worker has to look (given)."""
    job.stop = True
    return job.state


@app.get("/jobs/{job_id}/events")
async def events(job: JobDep) -> None:
    # TODO: yield the job's state, now and whenever it has changed, with
    # response_class=EventSourceResponse above, -> AsyncIterator[JobState].
    raise NotImplementedError("events sends nothing yet")
