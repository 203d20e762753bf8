# Listeners hear of whatever job has changed last.
# fails: test_a_listener_hears_of_its_own_job_only

news: list[JobState] = []


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()
        self.changed = asyncio.Event()

    def update(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()
        news.append(self.state)


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    heard, state = len(news), job.state
    yield state
    while not state.is_final:
        while len(news) == heard:
            await asyncio.sleep(0.01)
        heard, state = len(news), news[-1]
        yield state
