# Axis: waits for news, and at most a second.

import contextlib


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), 1)
