# Who comes late hears all states from the beginning, as if they were now.
# fails: test_a_late_listener_hears_the_end


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.states = [self.state]
        self.stop = False
        self.changed = asyncio.Event()
        self.changed_at = time.monotonic()

    def update(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self.states.append(self.state)
        self.changed_at = time.monotonic()
        self.changed.set()
        self.changed = asyncio.Event()


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    if job.state.is_final:
        for state in job.states:
            yield state
        return
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        await changed.wait()
