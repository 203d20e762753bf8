# One queue for all listeners of a job.
# fails: test_listeners_take_nothing_from_each_other


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()
        self.states: asyncio.Queue[JobState] = asyncio.Queue()

    def update(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()
        self.states.put_nowait(self.state)


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while not job.states.empty():
        job.states.get_nowait()  # these are old
    state = job.state
    yield state
    while not state.is_final:
        state = await job.states.get()
        yield state
