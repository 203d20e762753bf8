# A future for all: a listener that leaves cancels it.
# fails: test_a_listener_that_leaves_harms_nothing


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()
        self.next: asyncio.Future[None] = asyncio.Future()

    def update(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()
        self.next.set_result(None)
        self.next = asyncio.Future()


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, following = job.state, job.next
        yield state
        if state.is_final:
            return
        await following
