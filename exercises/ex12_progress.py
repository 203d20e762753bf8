"""Exercise 12: show every client how far a job is.

Story
    A report takes minutes. People who order one see nothing for minutes.
    They order another one, and cannot stop either of them. They want to see a
    bar that moves, and a button that says "Stop".

Build
    A job is a number of steps. Three endpoints are ready: `POST /jobs/` with
    {"steps": 5} answers 202 with the job, which is "queued", and with its
    path in `Location`; `GET /jobs/{id}` shows the job; `DELETE /jobs/{id}`
    asks it to stop. Your part is the worker and the events:
    - The worker takes a job and awaits step(1), step(2), … one after the
      other. It records its progress with `job.update(status=…)`: first
      "running", in the end "completed". After each step, `done` is the
      number of steps that are done, and `percent` is 100 * done / total, with
      or without decimals. `percent` never falls, and it is 100 only when the
      last step is done: 199 of 200 are not 100 percent.
    - When a step raises an exception, the job ends: its status is "failed",
      `error` is the exception's text, and `done` and `percent` do not change.
    - When a job was asked to stop, no further step of it may begin; the
      current step may end. Then the job is "cancelled". Other jobs go on, and
      a job that has ended does not change.
    - `GET /jobs/{id}/events` sends server-sent events. The data of each event
      is the job's JSON, as GET shows it. The first event comes at once, and
      then one after each change: look for changes at least once a second. You
      may send a state twice, or leave one out, but never send an older state
      after a newer one. The last event is final, "completed", "failed" or
      "cancelled", and then the response ends.
    Any number of clients may listen to a job, from the beginning or a long
    time after its end. A client that disconnects early must not disturb the
    job or other clients. While a client waits for a change, the server must
    use almost no processor time for it.

    For an unknown job, `get_job` (ready) answers 404. There is a reason why
    it is a dependency: when the body of a generator begins to run, the status
    200 is already sent. An exception there comes too late for a 404: the
    client gets 200, and no event.

Names that the checks use
    app               the application
    get_step          returns `async def step(number: int) -> None` (ready)
    get_max_finished  returns how many finished jobs are kept (ready)
    get_job_store     returns the one store of the application (ready)
    Do not change these names. (ready) means: already written.

Builds on exercise 11 and on stages/s05_task_tracker.py. To try it yourself:
python3 start.py try 12

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
    """A job: its newest state, and whether it was asked to stop (ready)."""

    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()

    def update(self, **changes: object) -> None:
        """Replace the old state by a new one."""
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()


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
    # TODO: return an async function that takes a job and does all its steps.
    # TODO: before each step, it must check whether the job has to stop.
    raise NotImplementedError("get_worker gives no worker yet")


app = FastAPI(title="Exercise 12")


@app.exception_handler(NotImplementedError)
async def to_do(_: Request, error: NotImplementedError) -> JSONResponse:
    """Say what is still to do (ready)."""
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


@app.get("/jobs/{job_id}/events")
async def events(job: JobDep) -> None:
    # TODO: yield the job's state, now and after each change. Add
    # response_class=EventSourceResponse to the decorator above. The return
    # type is AsyncIterator[JobState].
    raise NotImplementedError("events sends nothing yet")
