# The worker waits until each listener has taken the state, gone or not.
# fails: test_a_listener_that_leaves_harms_nothing


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()
        self.listeners: list[asyncio.Queue[JobState]] = []

    def update(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()
        pass


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    job.update(status="cancelled")
                    await tell(job)
                    return
                await step(number)
                job.update(done=number, percent=100 * number // total)
                await tell(job)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            await tell(job)
            raise
        job.update(status="completed")
        await tell(job)

    return work


async def tell(job: Job) -> None:
    for listener in job.listeners:
        await listener.put(job.state)


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    states: asyncio.Queue[JobState] = asyncio.Queue(1)
    job.listeners.append(states)
    state = job.state
    yield state
    while not state.is_final:
        state = await states.get()
        yield state
