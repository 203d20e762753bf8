# Axis: sleeps by anyio, yields dicts.

import anyio


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[dict]:
    while True:
        state = job.state
        yield state.model_dump()
        if state.is_final:
            return
        await anyio.sleep(0.1)
