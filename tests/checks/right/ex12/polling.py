# Axis: the listener looks every 50 ms, nobody tells it; a computed percent with decimals; a match.


class JobState(BaseModel, frozen=True):
    id: str
    status: Status = "queued"
    done: int = 0
    total: int
    error: str | None = None

    @computed_field
    @property
    def percent(self) -> float:
        return self.done / self.total * 100

    @property
    def is_final(self) -> bool:
        return self.status not in {"queued", "running"}


from pydantic import computed_field


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()

    def update(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        job.update(status="running")
        while job.state.done < job.state.total and not job.stop:
            try:
                await step(job.state.done + 1)
            except Exception as exc:
                job.update(status="failed", error=f"Step: {exc}")
                return
            job.update(done=job.state.done + 1)
        over = job.state.done == job.state.total
        job.update(status="completed" if over else "cancelled")

    return work


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[dict]:
    while True:
        state = job.state
        yield state.model_dump()
        if state.is_final:
            break
        await asyncio.sleep(0.05)
