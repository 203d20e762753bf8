# Axis: an asyncio.Condition, the store in the lifespan's state, a router, the worker is a class.

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    Request,
    Response,
)
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, PositiveInt, computed_field

log = logging.getLogger(__name__)


class Order(BaseModel):
    steps: PositiveInt


class View(BaseModel):
    id: UUID
    status: str
    done: int
    total: int
    error: str | None

    @computed_field
    @property
    def percent(self) -> float:
        return round(100 * self.done / self.total, 3)


@dataclass(eq=False)
class Job:
    total: int
    id: UUID = field(default_factory=uuid4)
    status: str = "queued"
    done: int = 0
    error: str | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    version: int = 0

    @property
    def over(self) -> bool:
        return self.status not in {"queued", "running"}

    def view(self) -> View:
        return View.model_validate(self, from_attributes=True)

    async def becomes(self, **values: object) -> None:
        async with self.news:
            vars(self).update(values)
            self.version += 1
            self.news.notify_all()


class JobStore:
    def __init__(self) -> None:
        self.open: dict[UUID, Job] = {}
        self.closed: OrderedDict[UUID, Job] = OrderedDict()

    def find(self, key: UUID) -> Job | None:
        return self.open.get(key) or self.closed.get(key)

    def close(self, job: Job, keep: int) -> None:
        self.closed[job.id] = self.open.pop(job.id)
        while len(self.closed) > keep:
            self.closed.popitem(last=False)


async def one_step(number: int) -> None:
    await asyncio.sleep(1)


def get_step() -> Callable[[int], Awaitable[None]]:
    return one_step


def get_max_finished() -> int:
    return 100


def get_job_store(request: Request) -> JobStore:
    return request.state.store


def get_job(
    job_id: UUID, store: Annotated[JobStore, Depends(get_job_store)]
) -> Job:
    job = store.find(job_id)
    if job is None:
        raise HTTPException(404)
    return job


class Worker:
    def __init__(
        self,
        step: Annotated[Callable[[int], Awaitable[None]], Depends(get_step)],
        store: Annotated[JobStore, Depends(get_job_store)],
        keep: Annotated[int, Depends(get_max_finished)],
    ) -> None:
        self.step, self.store, self.keep = step, store, keep

    async def __call__(self, job: Job) -> None:
        try:
            await job.becomes(**await self.run(job))
        finally:
            self.store.close(job, self.keep)

    async def run(self, job: Job) -> dict[str, object]:
        await job.becomes(status="running")
        for number in range(1, job.total + 1):
            if job.stop.is_set():
                return {"status": "cancelled"}
            try:
                await self.step(number=number)
            except Exception as exc:
                log.exception("Job %s failed", job.id)
                return {"status": "failed", "error": repr(exc)}
            if number < job.total:
                await job.becomes(done=number)
        return {"status": "completed", "done": job.total}


router = APIRouter(prefix="/jobs")
JobDep = Annotated[Job, Depends(get_job)]


@router.post("/", status_code=202)
async def create(
    order: Order,
    request: Request,
    response: Response,
    tasks: BackgroundTasks,
    worker: Annotated[Worker, Depends()],
    store: Annotated[JobStore, Depends(get_job_store)],
) -> View:
    job = Job(order.steps)
    store.open[job.id] = job
    tasks.add_task(worker, job)
    response.headers["Location"] = str(request.url_for("show", job_id=job.id))
    return job.view()


@router.get("/{job_id}")
async def show(job: JobDep) -> View:
    return job.view()


@router.delete("/{job_id}", status_code=202)
async def stop(job: JobDep) -> None:
    job.stop.set()


@router.get("/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[ServerSentEvent]:
    seen = -1
    while True:
        async with job.news:
            await job.news.wait_for(lambda: job.version != seen)
            seen, view = job.version, job.view()
        yield ServerSentEvent(
            data=view, event="progress", id=str(seen), comment="news"
        )
        if view.status not in {"queued", "running"}:
            return


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, JobStore]]:
    yield {"store": JobStore()}


app = FastAPI(lifespan=lifespan)
app.include_router(router)
