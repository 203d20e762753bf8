# The 404 is raised when the response has begun.
# fails: test_an_unknown_job_is_404_everywhere


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job_id: str, store: StoreDep) -> AsyncIterator[JobState]:
    job = await get_job(job_id, store)
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        await changed.wait()
