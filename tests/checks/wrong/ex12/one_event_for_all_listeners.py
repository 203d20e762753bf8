# One listener clears the event of all: who was busy sending waits for ever.
# fails: test_the_events_end_however_the_job_ends


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()
        self.changed = asyncio.Event()

    def update(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()
        self.changed.set()


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state = job.state
        yield state
        if state.is_final:
            return
        await job.changed.wait()
        job.changed.clear()
