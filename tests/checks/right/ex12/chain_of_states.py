# Axis: each state knows the next one; a context manager writes how the job ends.

from contextlib import contextmanager


class Job:
    def __init__(self, total: int) -> None:
        self.link = Link(JobState(id=uuid4().hex, total=total))
        self.stop = False
        self.changed_at = time.monotonic()

    @property
    def state(self) -> JobState:
        return self.link.state

    def update(self, **changes: object) -> None:
        self.changed_at = time.monotonic()
        new = Link(self.state.model_copy(update=changes))
        old, self.link = self.link, new
        old.next = new
        old.there.set()


class Link:
    def __init__(self, state: JobState) -> None:
        self.state = state
        self.there = asyncio.Event()
        self.next: Link | None = None


class Stopped(Exception):
    pass


@contextmanager
def recorded(job: Job) -> Iterator[None]:
    job.update(status="running")
    try:
        yield
        job.update(status="completed", percent=100)
    except Stopped:
        job.update(status="cancelled")
    except Exception as exc:
        job.update(status="failed", error=str(exc))
        raise


from collections.abc import Iterator


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        with recorded(job):
            for done in range(job.state.total):
                if job.stop:
                    raise Stopped
                await step(done + 1)
                job.update(
                    done=done + 1, percent=100 * (done + 1) // job.state.total
                )

    return work


async def states(job: Job) -> AsyncIterator[JobState]:
    link = job.link
    yield link.state
    while not link.state.is_final:
        await link.there.wait()
        link = link.next
        yield link.state


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    async for state in states(job):
        yield state
